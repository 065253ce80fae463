import { expect, test } from 'vitest';

import { lookOf } from '../src/chart/look';
import { axesOf, stretches } from '../src/comparison/axes';
import type { IFact } from '../src/comparison/facts';
import {
  factsOf,
  ordered,
  shareOf,
  stepFrom,
  turned
} from '../src/comparison/facts';
import type { IComparison } from '../src/comparison/records';
import { seriesOf } from '../src/comparison/series';

const run = (
  id: string,
  params: Record<string, string>,
  metrics: Record<string, number | null>
) => ({
  id,
  name: id,
  experiment: 'churn',
  status: 'FINISHED',
  started: 100,
  ended: 160,
  params,
  metrics,
  model_uri: null
});

const COMPARISON: IComparison = {
  runs: [
    run('a', { alpha: '0.5', kind: 'ridge', folds: '5' }, { auc: 0.9 }),
    run('b', { alpha: '10', kind: 'lasso', folds: '5' }, { auc: 0.8 }),
    run('c', { alpha: '2', folds: '5' }, { auc: null })
  ],
  columns: ['a', 'b', 'c'],
  rows: [],
  cells: {},
  remark: ''
};

const facts = factsOf(COMPARISON);
const fact = (key: string) => facts.find(one => one.key === key) as IFact;

test('parameters come before metrics, and numbers are known as such', () => {
  expect(facts.map(one => one.key)).toEqual([
    'param:alpha',
    'param:folds',
    'param:kind',
    'metric:auc'
  ]);
  expect(fact('param:alpha')).toMatchObject({
    numeric: true,
    values: [0.5, 10, 2]
  });
  expect(fact('param:kind').numeric).toBe(false);
});

test('only what is the same in every run does not differ', () => {
  const same = facts.filter(one => !one.differs).map(one => one.name);
  expect(same).toEqual(['folds']);
});

test('numbers are sorted as numbers, and what is missing is last both ways', () => {
  const by = (key: string, down: boolean) =>
    ordered(COMPARISON, facts, { key, down });
  expect(by('param:alpha', false)).toEqual([0, 2, 1]);
  expect(by('param:alpha', true)).toEqual([1, 2, 0]);
  expect(by('metric:auc', false)).toEqual([1, 0, 2]);
  expect(by('metric:auc', true)).toEqual([0, 1, 2]);
  expect(by('', false)).toEqual([0, 1, 2]);
});

test('a third click on a head brings back the order of choosing', () => {
  const first = turned({ key: '', down: false }, 'name');
  const second = turned(first, 'name');
  expect([first, second, turned(second, 'name')]).toEqual([
    { key: 'name', down: false },
    { key: 'name', down: true },
    { key: '', down: false }
  ]);
});

test('a value is placed in its column and measured from the baseline', () => {
  expect(shareOf(fact('param:alpha'), 1)).toBe(1);
  expect(shareOf(fact('param:folds'), 1)).toBeNull();
  expect(shareOf(fact('param:kind'), 1)).toBeNull();
  expect(stepFrom(fact('metric:auc'), 1)).toBeCloseTo(-0.1);
  expect(stepFrom(fact('metric:auc'), 0)).toBeNull();
  expect(stepFrom(fact('metric:auc'), 2)).toBeNull();
});

test('each fact that differs is an axis; words are spread over it', () => {
  const axes = axesOf(facts);
  expect(axes.map(axis => axis.fact.name)).toEqual(['alpha', 'kind', 'auc']);
  expect(axes[1]?.ticks).toEqual([
    { at: 0, label: 'lasso' },
    { at: 1, label: 'ridge' }
  ]);
  expect(axes[1]?.places).toEqual([1, 0, null]);
});

test('values over three powers of ten lie on an axis of powers', () => {
  const alpha = { ...fact('param:alpha'), values: [0.01, 1, 100] };
  const [axis] = axesOf([alpha]);
  expect(axis?.places).toEqual([0, 0.5, 1]);
  expect(axis?.ticks.map(tick => tick.label)).toEqual([
    '0.01',
    '0.1',
    '1',
    '10',
    '100'
  ]);
  const [near] = axesOf([{ ...alpha, values: [0, 1, 100] }]);
  expect(near?.places).toEqual([0, 0.01, 1]);
});

test('the line of a run is broken where it has no value', () => {
  const place = (axis: number, at: number) => [axis, at] as const;
  expect(stretches(axesOf(facts), 0, place)).toHaveLength(1);
  const axes = axesOf(facts);
  const [first, ...rest] = stretches(axes, 2, place);
  expect(first?.map(([axis]) => axis)).toEqual([0]);
  expect(rest).toEqual([]);
});

test('only metrics that were logged more than once are curves', () => {
  const points = (...values: (number | null)[]) =>
    values.map((value, step) => ({ step, value, at: 100 + 10 * step }));
  const histories = {
    a: { loss: points(3, 2, 1), auc: points(0.9) },
    b: { loss: points(4, null, 2), auc: points(0.8) }
  };
  const looks = [lookOf(0), lookOf(1), lookOf(2)];
  const [loss, ...others] = seriesOf(COMPARISON, histories, looks, 'step');
  expect(others).toEqual([]);
  expect(loss?.series.map(one => one.points)).toEqual([
    [
      [0, 3],
      [1, 2],
      [2, 1]
    ],
    [
      [0, 4],
      [2, 2]
    ]
  ]);
  const [timed] = seriesOf(COMPARISON, histories, looks, 'time');
  expect(timed?.series[0]?.points[2]).toEqual([20, 1]);
});

test('values without steps are counted', () => {
  const logged = [3, 2].map((value, at) => ({ step: 0, value, at: 100 + at }));
  const [loss] = seriesOf(
    COMPARISON,
    { a: { loss: logged } },
    [lookOf(0), lookOf(1), lookOf(2)],
    'step'
  );
  expect(loss?.series[0]?.points).toEqual([
    [0, 3],
    [1, 2]
  ]);
});
