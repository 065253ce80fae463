/**
 * From figures to the coordinates of a drawing. Pure.
 */

/** A value at a time; null where there was nothing to measure. */
export interface IPoint {
  readonly at: number;
  readonly value: number | null;
}

/** The least round number (1, 2 or 5, times a power of ten) that is not below `value`. */
export function roundUp(value: number): number {
  if (!(value > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find(one => one * power >= value * (1 - 1e-9));
  return (step ?? 10) * power;
}

/** The largest value there is, 0 without one. */
export function largest(series: readonly (readonly IPoint[])[]): number {
  return Math.max(
    0,
    ...series.flatMap(points => points.map(point => point.value ?? 0))
  );
}

/**
 * The path of a line in a square of 100 by 100 whose origin is above on the left; it has a gap
 * where nothing was measured.
 */
export function line(
  points: readonly IPoint[],
  from: number,
  to: number,
  top: number
): string {
  let drawn = '';
  let pen = 'M';
  for (const { at, value } of points) {
    if (value === null) {
      pen = 'M';
      continue;
    }
    const x = (100 * (at - from)) / (to - from);
    const y = 100 - (100 * value) / top;
    drawn += `${pen}${x.toFixed(2)} ${y.toFixed(2)}`;
    pen = 'L';
  }
  return drawn;
}

/** The point nearest to a time. */
export function nearest(
  points: readonly IPoint[],
  at: number
): IPoint | undefined {
  return points.reduce<IPoint | undefined>(
    (found, point) =>
      found && Math.abs(found.at - at) <= Math.abs(point.at - at)
        ? found
        : point,
    undefined
  );
}
