import { expect, test } from 'vitest';

import { choicesOf, endpointOf } from '../src/endpoint/choices';
import { firstOf, offerOf } from '../src/promotion/offers';
import type { IModel, IRun } from '../src/records';

const RUN: IRun = {
  id: 'a'.repeat(32),
  name: 'train',
  experiment: 'penguins',
  status: 'FINISHED',
  started: 1,
  ended: 2,
  metrics: { mae: 240, r2: 0.83 },
  model_uri: 'models:/m-1'
};
const MODEL: IModel = {
  name: 'penguins',
  latest: 3,
  created: 1,
  stages: { staging: 3, prod: 2 },
  served: []
};

test('the best run is offered by the metric of the policy, whose direction is known', () => {
  const stages = [
    { name: 'staging', metric: 'r2' },
    { name: 'prod', metric: 'r2' }
  ];
  const offer = offerOf(stages, [RUN], []);
  expect(offer.metrics).toEqual(['r2']);
  expect(firstOf(offer)).toBe('best:r2');
});

test('without a metric in the policy all that runs have are offered', () => {
  const offer = offerOf([{ name: 'staging', metric: null }], [RUN], []);
  expect(offer.metrics).toEqual(['mae', 'r2']);
});

test('a run without a model cannot be promoted', () => {
  const offer = offerOf([], [{ ...RUN, model_uri: null }], []);
  expect(offer.runs).toEqual([]);
  expect(firstOf(offer)).toBe('');
});

test('what holds the last stage is the first to be deployed', () => {
  expect(choicesOf([MODEL])).toEqual([
    'penguins@prod',
    'penguins@staging',
    'penguins/3'
  ]);
});

test('an endpoint is called as its model unless told', () => {
  expect(endpointOf('penguins@prod')).toBe('penguins');
  expect(endpointOf('penguins/3')).toBe('penguins');
});
