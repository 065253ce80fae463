/**
 * The curves of metrics, made of what was logged. Pure.
 */
import type { ISeries } from '../chart/lines';
import type { ILook } from '../chart/look';
import type { Point } from '../chart/scale';
import type { Curves, IComparison, IMetricPoint } from './records';

/** What a curve goes by: the step that was logged, or the seconds since the run began. */
export type Along = 'step' | 'time';

/** One chart for each metric that some run has logged more than once, by name. */
export function seriesOf(
  comparison: IComparison,
  histories: Readonly<Record<string, Curves>>,
  looks: readonly ILook[],
  along: Along
): readonly { readonly name: string; readonly series: readonly ISeries[] }[] {
  const kept = Object.values(histories);
  const names = new Set(
    kept.flatMap(curves =>
      Object.entries(curves)
        .filter(([, points]) => points.length > 1)
        .map(([name]) => name)
    )
  );
  return [...names].sort().map(name => ({
    name,
    series: comparison.runs.flatMap((run, at) => {
      const logged = histories[run.id]?.[name] ?? [];
      const points = pointsOf(logged, along, run.started);
      const look = looks[at];
      return points.length && look
        ? [{ id: run.id, name: comparison.columns[at] ?? run.id, look, points }]
        : [];
    })
  }));
}

/** Points by rising x. Where every step is the same, each value counts as one. */
function pointsOf(
  logged: readonly IMetricPoint[],
  along: Along,
  began: number
): readonly Point[] {
  const stepless = new Set(logged.map(({ step }) => step)).size < 2;
  return logged
    .flatMap(({ at, step, value }, number): Point[] => {
      const x =
        along === 'time' ? Math.max(0, at - began) : stepless ? number : step;
      return value === null ? [] : [[x, value]];
    })
    .sort(([a], [b]) => a - b);
}
