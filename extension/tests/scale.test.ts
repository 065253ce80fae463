import { expect, test } from 'vitest';

import { scaleOf } from '../src/chart/scale';
import { pathOf } from '../src/endpoint/scale';

test('a line runs from the left to the right and has a gap where nothing was', () => {
  const x = scaleOf([100, 120], { tight: true });
  const y = scaleOf([0, 4], { ticks: 2 });
  const points = [
    [100, 2],
    [110, NaN],
    [120, 4]
  ] as const;
  expect(pathOf(points, x, y)).toBe('M0.00 50.00M100.00 0.00');
  expect(pathOf([], x, y)).toBe('');
});
