import { describe, expect, it } from 'vitest';

import { largest, line, nearest, roundUp } from '../src/endpoint/scale';

const points = [
  { at: 100, value: 2 },
  { at: 110, value: null },
  { at: 120, value: 4 }
];

describe('the scale of a chart', () => {
  it.each([
    [0, 1],
    [0.3, 0.5],
    [1, 1],
    [1.01, 2],
    [4.2, 5],
    [70, 100],
    [200, 200]
  ])('ends for %d at %d', (value, top) => {
    expect(roundUp(value)).toBeCloseTo(top);
  });

  it('fits the largest of all values, and nothing at all', () => {
    expect(largest([points, [{ at: 1, value: 3 }]])).toBe(4);
    expect(largest([])).toBe(0);
  });
});

describe('the line of a chart', () => {
  it('runs from the left to the right and has a gap where nothing was', () => {
    expect(line(points, 100, 120, 4)).toBe('M0.00 50.00M100.00 0.00');
  });

  it('is empty without points', () => {
    expect(line([], 0, 1, 1)).toBe('');
  });
});

describe('what is pointed at', () => {
  it('is the nearest point', () => {
    expect(nearest(points, 108)?.at).toBe(110);
    expect(nearest([], 108)).toBeUndefined();
  });
});
