import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import { clockComplaints, now } from '../src/job/clock';
import {
  BLANK,
  bodyOf,
  complaintsOf,
  jobsOf,
  scheduleOf,
  withClock,
  withEntry,
  withLimit,
  withSearch
} from '../src/job/form';
import type { INotebookForm, IParameterField } from '../src/job/records';
import {
  NO_SEARCH,
  rangeComplaint,
  rangeOf,
  searchComplaints,
  searchOf,
  takesNumbers
} from '../src/job/sweep';
import type { ISweep, ITrial } from '../src/sweep/records';
import { firstOrder, metricNames, sorted, turned } from '../src/sweep/trials';

const trans = nullTranslator.load('labline');
const ALPHA: IParameterField = {
  name: 'alpha',
  kind: 'float',
  default: 0.5,
  help: '',
  required: false,
  source: '0.5',
  choices: []
};
const FORM: INotebookForm = {
  notebook: 'train.ipynb',
  has_cell: true,
  parameters: [ALPHA]
};

test.each([
  ['float', true],
  ['int', true],
  ['int | None', true],
  ['Optional[float]', true],
  ['Any', true],
  ['str', false],
  ['bool', false],
  ['list[int]', false]
])('a parameter of kind %s is drawn from a range: %s', (kind, takes) => {
  expect(takesNumbers(kind)).toBe(takes);
});

test('a range is written as the command has it, a step only where it counts', () => {
  const range = { low: ' 1e-3', high: '1 ', step: '0.5' };
  expect(rangeOf('loguniform', range)).toBe('loguniform(1e-3, 1)');
  expect(rangeOf('uniform', range)).toBe('uniform(1e-3, 1, 0.5)');
});

test.each([
  ['float', 'uniform', '0', '1', '', ''],
  ['float', 'uniform', '', '1', '', 'where the range begins'],
  ['float', 'uniform', 'x', '1', '', '“x” is not a number'],
  ['int', 'uniform', '1', '2.5', '', '“2.5” is not a whole number'],
  ['int | None', 'uniform', '1', '9', '2', ''],
  ['Any', 'uniform', '0', '0.5', '', ''],
  ['float', 'uniform', '2', '1', '', 'ends at 1'],
  ['float', 'loguniform', '0', '1', '', 'no logarithm'],
  ['float', 'uniform', '0', '1', '2', 'at most 1'],
  ['float', 'loguniform', '1', '2', 'ignored', '']
] as const)(
  'of %s, %s from “%s” to “%s” by “%s”: %s',
  (kind, draws, low, high, step, says) => {
    const found = rangeComplaint(kind, draws, { low, high, step }, trans);
    expect(says ? found : found === '').toEqual(
      says ? expect.stringContaining(says) : true
    );
  }
);

test('a range makes a search by chance, which must know how many points to try', () => {
  let draft = withEntry(BLANK, 'alpha', {
    sweep: true,
    draws: 'loguniform',
    low: '1e-3',
    high: '1'
  });
  expect([...complaintsOf(FORM, draft, trans).keys()]).toEqual([
    'option:trials'
  ]);
  draft = withSearch(draft, { trials: '20', metric: 'auc', goal: 'maximize' });
  expect(complaintsOf(FORM, draft, trans).size).toBe(0);
  const body = bodyOf(FORM, draft);
  expect(body).toMatchObject({
    parameters: {},
    sweep: {},
    ranges: { alpha: 'loguniform(1e-3, 1)' },
    search: { search: 'random', trials: 20, metric: 'auc', goal: 'maximize' }
  });
  expect(jobsOf(body, draft)).toBe(20);
});

test('what a grid has no use for is not sent with it', () => {
  const typed = { ...NO_SEARCH, trials: '9', seed: '4', parallel: '2' };
  expect(searchOf(typed, false)).toEqual({});
  expect(searchOf({ ...typed, kind: 'optuna', metric: 'auc' }, false)).toEqual({
    search: 'optuna',
    trials: 9,
    metric: 'auc',
    parallel: 2,
    seed: 4
  });
});

test.each([
  [{ kind: 'grid' }, true, ['option:search']],
  [{ kind: 'optuna', trials: '0' }, false, ['option:trials', 'option:metric']],
  [{ prune: true }, false, ['option:metric']],
  [{ kind: 'random', trials: '5', seed: '-1' }, false, ['option:seed']],
  [{ kind: 'random', trials: '5' }, true, []]
] as const)('%j with a range: %s is wrong in %j', (change, ranges, fields) => {
  const search = { ...NO_SEARCH, ...change };
  const found = searchComplaints(search, ranges, trans);
  expect([...found.keys()]).toEqual(fields);
});

test('by chance no point of a few is tried twice', () => {
  let draft = withEntry(BLANK, 'alpha', { sweep: true, text: '1,2,3' });
  draft = withSearch(draft, { kind: 'random', trials: '10' });
  expect(jobsOf(bodyOf(FORM, draft), draft)).toBe(3);
});

test('a rule says when, which notebook, and in which time zone', () => {
  const clock = { ...now(), on: true };
  expect([...clockComplaints(clock, trans).keys()]).toEqual([
    'option:cron',
    'option:runs'
  ]);
  let draft = withClock(BLANK, { ...clock, cron: '0  6 * * 1-5' });
  draft = withClock(draft, { timezone: 'Europe/Berlin', runs: 'snapshot' });
  draft = withEntry(draft, 'alpha', { text: '0.1' });
  expect(complaintsOf(FORM, draft, trans).size).toBe(0);
  expect(scheduleOf(FORM, draft)).toEqual({
    notebook: 'train.ipynb',
    cron: '0 6 * * 1-5',
    timezone: 'Europe/Berlin',
    runs: 'snapshot',
    parameters: { alpha: '0.1' },
    options: {}
  });
});

test('a sweep is not run by the clock', () => {
  let draft = withEntry(BLANK, 'alpha', { sweep: true, text: '1,2' });
  draft = withClock(draft, { on: true, cron: '0 6 * * *', runs: 'latest' });
  expect(complaintsOf(FORM, draft, trans).get('alpha')).toContain('schedule');
});

test.each([
  ['cpus', '0', true],
  ['cpus', '2', false],
  ['retries', '11', true],
  ['priority', '-101', true],
  ['priority', '-5', false]
] as const)('%s of “%s” is wrong: %s', (name, text, wrong) => {
  const found = complaintsOf(FORM, withLimit(BLANK, name, text), trans);
  expect(found.has(`option:${name}`)).toBe(wrong);
});

function trial(number: number, change: Partial<ITrial> = {}): ITrial {
  return {
    number,
    job: `s-${number}`,
    status: 'succeeded',
    values: { alpha: number },
    metrics: {},
    pruned: '',
    error: '',
    took: number,
    ...change
  };
}

const TRIALS = [
  trial(1, { metrics: { time: 3, auc: 0.5 } }),
  trial(2, { status: 'failed' }),
  trial(3, { metrics: { auc: 0.9 } })
];
const SWEEP: ISweep = {
  id: 's',
  notebook: 'train.ipynb',
  status: 'running',
  created: 0,
  ended: null,
  space: { alpha: '1, 2, 3' },
  parameters: {},
  search: { kind: 'grid', trials: 3, metric: 'auc', goal: 'maximize' },
  trials: TRIALS
};

test('trials begin with the best, those without the metric come last', () => {
  expect(metricNames(SWEEP)).toEqual(['auc', 'time']);
  const order = firstOrder(SWEEP);
  expect(sorted(TRIALS, order).map(({ number }) => number)).toEqual([3, 1, 2]);
  const other = turned(order, 'auc');
  expect(sorted(TRIALS, other).map(({ number }) => number)).toEqual([1, 3, 2]);
  const chosen = turned(other, 'alpha');
  expect(sorted(TRIALS, chosen).map(({ number }) => number)).toEqual([1, 2, 3]);
});
