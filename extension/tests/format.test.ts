import { expect, test } from 'vitest';

import {
  ago,
  count,
  lasting,
  fileName,
  jobId,
  measured,
  metric,
  metricsOf,
  moment,
  parameters,
  place
} from '../src/format';

test.each([
  [0, 'now'],
  [-5, 'now'],
  [59, '59s ago'],
  [60, '1m ago'],
  [3 * 3600 + 5, '3h ago'],
  [86_400, 'yesterday'],
  [5 * 86_400, '5d ago'],
  [800 * 86_400, '2y ago']
])('%i seconds ago is written %s', (past, text) => {
  expect(ago(1_700_000_000 - past, 1_700_000_000, 'en')).toBe(text);
});

test.each([
  [0.912345, '0.9123'],
  [12, '12'],
  [123_456, '123500'],
  [0, '0'],
  [-0.00001234, '−1.234E-5'],
  [Number.NaN, 'NaN']
])('the metric %d is written %s', (value, text) => {
  expect(metric(value, 'en')).toBe(text);
});

test.each([
  [0.64037, '0.64'],
  [16.66, '16.7'],
  [2567.4, '2567'],
  [0, '0']
])('the rate %d is written %s', (value, text) => {
  expect(measured(value, 'en')).toBe(text);
});

test('a count ends where the server ends counting, and may not be known', () => {
  expect([count(0), count(999), count(1000), count(null)]).toEqual([
    '0',
    '999',
    '1000+',
    '–'
  ]);
});

test('the name of a file is the end of its path, on either system', () => {
  expect(fileName('/a/b/train.ipynb')).toBe('train.ipynb');
  expect(fileName('a\\train.ipynb')).toBe('train.ipynb');
  expect(fileName('train.ipynb')).toBe('train.ipynb');
});

test('parameters fit on a line', () => {
  expect(parameters({ alpha: 0.5, name: 'a', on: true, all: [1, 2] })).toBe(
    'alpha=0.5, name=a, on=true, all=[1,2]'
  );
  expect(parameters({})).toBe('');
});

test('a moment in full names the year', () => {
  expect(moment(1_700_000_000, 'en')).toContain('2023');
});

test('a place is a URL without its scheme', () => {
  expect(place('http://127.0.0.1:8490/churn')).toBe('127.0.0.1:8490/churn');
});

test('tells what somebody logged before what was noted', () => {
  const run = { 'Ridge.training_score': 0.9, auc: 0.8, 'net.loss': 0.1 };
  expect(metricsOf(run).map(([name]) => name)).toEqual([
    'auc',
    'net.loss',
    'Ridge.training_score'
  ]);
});

test.each([
  [86_400, '24 h'],
  [7 * 86_400, '7 d'],
  [5_400, '90 min'],
  [3_600, '1 h'],
  [61, '61 s']
])('%i seconds that were set are written %s', (seconds, text) => {
  expect(lasting(seconds)).toBe(text);
});

test('the ids of two trials of a sweep stay two when they are cut', () => {
  expect(jobId('8893419d3474')).toBe('8893419d');
  expect(jobId('ad3f3ea5aaf9-6')).toBe('ad3f3ea5-6');
  expect(jobId('ad3f3ea5aaf9-16')).toBe('ad3f3ea5-16');
});
