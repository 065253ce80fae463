import { expect, test } from 'vitest';

import { Choice } from '../src/sidebar/choice';

test('runs are chosen in the order of choosing, and told of', () => {
  const choice = new Choice();
  let told = 0;
  choice.changed.connect(() => (told += 1));
  choice.set('b', true);
  choice.set('a', true);
  expect(choice.ids).toEqual(['b', 'a']);
  choice.set('b', false);
  expect(choice.ids).toEqual(['a']);
  choice.clear();
  expect(choice.ids).toEqual([]);
  expect(told).toBe(4);
});

test('with shift, all between two are chosen', () => {
  const choice = new Choice();
  choice.offer(['a', 'b', 'c', 'd']);
  choice.set('d', true);
  choice.set('b', true, true);
  expect([...choice.ids].sort()).toEqual(['b', 'c', 'd']);
  choice.set('gone', true);
  choice.set('a', true, true);
  expect(choice.has('a')).toBe(true);
});

test('no more are chosen than the server compares', () => {
  const choice = new Choice();
  for (let at = 0; at < 60; at++) {
    choice.set(String(at), true);
  }
  expect(choice.ids).toHaveLength(50);
});
