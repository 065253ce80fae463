/**
 * From figures to the path of a line. Pure.
 */
import type { IScale, Point } from '../chart/scale';

/**
 * The path of a line in a square of 100 by 100 whose origin is above on the left; it has a gap
 * where nothing was measured, which is NaN.
 */
export function pathOf(points: readonly Point[], x: IScale, y: IScale): string {
  let drawn = '';
  let pen = 'M';
  for (const [at, value] of points) {
    if (Number.isNaN(value)) {
      pen = 'M';
      continue;
    }
    const [left, top] = [100 * x.at(at), 100 - 100 * y.at(value)];
    drawn += `${pen}${left.toFixed(2)} ${top.toFixed(2)}`;
    pen = 'L';
  }
  return drawn;
}
