import { expect, test } from 'vitest';

import { lookOf } from '../src/chart/look';
import type { Point } from '../src/chart/scale';
import { nearest, scaleOf, thinned } from '../src/chart/scale';

test('the ends and marks of a scale are round', () => {
  const scale = scaleOf([0.83, 0.97]);
  expect([scale.from, scale.to]).toEqual([0.8, 1]);
  expect(scale.ticks).toEqual([0.8, 0.85, 0.9, 0.95, 1]);
  expect(scale.at(0.9)).toBeCloseTo(0.5);
  expect(scale.value(0.5)).toBeCloseTo(0.9);
});

test('a tight scale ends where its values do', () => {
  const scale = scaleOf([0, 11], { tight: true, ticks: 5 });
  expect([scale.from, scale.to]).toEqual([0, 11]);
  expect(scale.ticks).toEqual([0, 5, 10]);
});

test.each([
  ['one value', [7]],
  ['the value zero', [0, 0]],
  ['nothing', []],
  ['what is no number', [null, NaN, Infinity]],
  ['a tiny span', [1e-9, 2e-9]],
  ['a huge one', [-1e12, 1e12]]
])('a scale over %s has marks between its ends', (_, values) => {
  const scale = scaleOf(values);
  expect(scale.from).toBeLessThan(scale.to);
  expect(scale.ticks.length).toBeGreaterThan(1);
  expect(scale.ticks.length).toBeLessThan(9);
  for (const tick of scale.ticks) {
    expect(scale.at(tick)).toBeGreaterThanOrEqual(0);
    expect(scale.at(tick)).toBeLessThanOrEqual(1);
  }
});

test('a long line keeps its ends, its peaks and its order', () => {
  const points: Point[] = Array.from({ length: 100_000 }, (_, x) => [
    x,
    x === 51_234 ? 99 : Math.sin(x)
  ]);
  const kept = thinned(points, 800);
  expect(kept.length).toBeLessThanOrEqual(804);
  expect(kept[0]).toEqual(points[0]);
  expect(kept[kept.length - 1]).toEqual(points[points.length - 1]);
  expect(kept).toContainEqual([51_234, 99]);
  expect(
    kept.every(([x], at) => at === 0 || x > (kept[at - 1] as Point)[0])
  ).toBe(true);
});

test('a short line is left as it is', () => {
  const points: Point[] = [[0, 1]];
  expect(thinned(points, 10)).toBe(points);
});

test('the nearest point is found on both sides', () => {
  const points: Point[] = [
    [0, 0],
    [10, 1],
    [20, 2]
  ];
  expect(nearest(points, 4)?.[0]).toBe(0);
  expect(nearest(points, 6)?.[0]).toBe(10);
  expect(nearest(points, 99)?.[0]).toBe(20);
  expect(nearest(points, -5)?.[0]).toBe(0);
  expect(nearest([], 1)).toBeNull();
});

test('no two of thirty lines look the same', () => {
  const looks = Array.from({ length: 30 }, (_, at) => lookOf(at));
  const told = new Set(looks.map(({ colour, dash }) => colour + dash));
  expect(told.size).toBe(30);
});
