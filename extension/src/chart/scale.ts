/**
 * Where values lie on an axis. Pure.
 */
export interface IScale {
  readonly from: number;
  readonly to: number;
  /** Round values between both ends, for marks. */
  readonly ticks: readonly number[];
  /** The place of a value, 0 at the beginning and 1 at the end. */
  at: (value: number) => number;
  /** The value at a place. */
  value: (at: number) => number;
}

/**
 * A linear scale over `values`, its ends on round numbers; values that are no numbers do not count.
 */
export function scaleOf(
  values: Iterable<number | null>,
  options: { ticks?: number; tight?: boolean } = {}
): IScale {
  let [low, high] = extent(values);
  if (low === high) {
    // One value lies in the middle.
    const room = Math.abs(low) * 0.05 || 1;
    [low, high] = [low - room, high + room];
  }
  const step = roundStep((high - low) / Math.max(1, options.ticks ?? 4));
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, at) =>
    exact((first + at) * step)
  );
  const from = options.tight ? low : exact(first * step);
  const to = options.tight ? high : exact(last * step);
  return {
    from,
    to,
    ticks: ticks.filter(tick => tick >= from && tick <= to),
    at: value => (value - from) / (to - from),
    value: at => from + at * (to - from)
  };
}

/**
 * A scale of powers of ten, for values above 0 of which the largest is a thousand times the smallest
 * or more: else all but the largest would lie at the beginning. For others null.
 */
export function decadesOf(values: Iterable<number | null>): IScale | null {
  const [low, high] = extent(values);
  if (!(low > 0 && high >= 1000 * low)) {
    return null;
  }
  const first = Math.floor(Math.log10(low * 1.000_001));
  const last = Math.ceil(Math.log10(high * 0.999_999));
  const step = Math.ceil((last - first) / MOST_DECADES);
  const ticks = [];
  for (let power = first; power <= last; power += step) {
    ticks.push(exact(10 ** power));
  }
  return {
    from: exact(10 ** first),
    to: exact(10 ** last),
    ticks,
    at: value => (Math.log10(value) - first) / (last - first),
    value: at => 10 ** (first + at * (last - first))
  };
}

/** More marks than this do not fit beside an axis. */
const MOST_DECADES = 8;

/** The smallest and the largest of what is a number; 0 and 1 where nothing is. */
function extent(values: Iterable<number | null>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value !== null && Number.isFinite(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** The next of 1, 2, 5, 10, 20 ... that is not smaller than `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find(one => one * power >= least * 0.999_999);
  return (factor ?? 10) * power;
}

/** A product of a step without the dust of binary fractions. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

/** A point of a line. */
export type Point = readonly [x: number, y: number];

/**
 * At most about `most` points that look as all of them do: of each stretch its first, lowest,
 * highest and last.
 *
 * @param points by rising x
 */
export function thinned(
  points: readonly Point[],
  most: number
): readonly Point[] {
  if (points.length <= most) {
    return points;
  }
  const stretch = Math.ceil(points.length / Math.max(1, most / 4));
  const kept: Point[] = [];
  for (let begin = 0; begin < points.length; begin += stretch) {
    const part = points.slice(begin, begin + stretch);
    const heights = part.map(([, y]) => y);
    const chosen = new Set([
      0,
      heights.indexOf(Math.min(...heights)),
      heights.indexOf(Math.max(...heights)),
      part.length - 1
    ]);
    kept.push(...part.filter((_, at) => chosen.has(at)));
  }
  return kept;
}

/**
 * The point whose x is nearest to `x`, null where there is none.
 *
 * @param points by rising x
 */
export function nearest(points: readonly Point[], x: number): Point | null {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as Point)[0] < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const [after, before] = [points[low], points[low - 1]];
  return after && before && x - before[0] < after[0] - x
    ? before
    : (after ?? null);
}
