import { expect, test } from 'vitest';

import type { IColumnDrift, IDriftReport } from '../src/endpoint/records';
import {
  FURTHEST,
  furthest,
  percent,
  placeOf,
  rowsOf,
  shareOf,
  turned
} from '../src/endpoint/shares';
import { parted } from '../src/platform/fix';

function column(
  name: string,
  value: number | null,
  limit = 0.2,
  of = 'input'
): IColumnDrift {
  return {
    column: name,
    of,
    outcome:
      value === null ? 'not judged' : value > limit ? 'drifted' : 'stable',
    says: `${name}: so`,
    value,
    limit: value === null ? null : limit,
    bins: []
  };
}

const report = {
  columns: [column('a10', 0.1), column('a9', 0.3, 0.4), column('b', null)]
} as unknown as IDriftReport;

const names = (order = FURTHEST) =>
  rowsOf(report, [], order, true).map(({ drift }) => drift.column);

test('columns are sorted by how far they are from their own limit', () => {
  expect(names()).toEqual(['a9', 'a10', 'b']);
  expect(names({ by: 'drift', down: false })).toEqual(['a10', 'a9', 'b']);
  expect(names({ by: 'column', down: false })).toEqual(['a9', 'a10', 'b']);
});

test('a click on a head turns the order, or takes another', () => {
  expect(turned(FURTHEST, 'drift')).toEqual({ by: 'drift', down: false });
  expect(turned(FURTHEST, 'column')).toEqual({ by: 'column', down: false });
});

test('a look that is not kept comes after those that are', () => {
  const trails = [{ column: 'a10', of: 'input', shares: [0.9, null, 0.2] }];
  const of = (kept: boolean) =>
    rowsOf(report, trails, FURTHEST, kept).find(
      ({ drift }) => drift.column === 'a10'
    )?.before;
  expect(of(true)).toEqual([0.2, null, 0.9]);
  expect(of(false)).toEqual([0.2, null, 0.9, 0.5]);
});

test('the limit is in the middle of a bar, and whatever is further still fits', () => {
  expect([0, 0.5, 1, 2].map(placeOf)).toEqual([0, 0.25, 0.5, 0.75]);
  expect(placeOf(1e9)).toBeLessThanOrEqual(1);
  expect(shareOf(column('a', null))).toBeNull();
  expect(shareOf(column('a', 0.1, 0))).toBeNull();
});

test('the bin that moved most is told, in few letters', () => {
  const bins = [
    { name: '< 3', reference: 0.1, window: 0.15 },
    { name: 'null', reference: 0, window: 0.333_33 }
  ];
  expect(furthest(bins)?.name).toBe('null');
  expect(furthest([])).toBeNull();
  expect([0, 0.333_33, 0.001_234, 1].map(percent)).toEqual([
    '0',
    '33.3',
    '0.12',
    '100'
  ]);
});

test('commands and magics in a fix are told apart', () => {
  expect(parted('Log it: %log --model model --train X,y')).toEqual([
    'Log it:',
    '%log --model model --train X,y'
  ]);
  expect(parted('labline labels FILE')).toEqual(['', 'labline labels FILE']);
});
