/**
 * Which facts of runs differ, and in which order the runs are shown. Pure.
 */
import type { IComparedRun, IComparison } from './records';

export type Value = number | string | null;

/** One column: a parameter or a metric of every run. */
export interface IFact {
  readonly key: string;
  readonly kind: 'param' | 'metric';
  readonly name: string;
  /** In the order of the runs; null where a run has none. */
  readonly values: readonly Value[];
  /** Whether every value that is there is a number. */
  readonly numeric: boolean;
  readonly differs: boolean;
}

/** The parameters, then the metrics, each by name. */
export function factsOf(comparison: IComparison): readonly IFact[] {
  const { runs } = comparison;
  return [
    ...columns('param', runs, run => run.params),
    ...columns('metric', runs, run => run.metrics)
  ];
}

function columns(
  kind: IFact['kind'],
  runs: readonly IComparedRun[],
  of: (run: IComparedRun) => Readonly<Record<string, Value>>
): readonly IFact[] {
  const names = new Set(runs.flatMap(run => Object.keys(of(run))));
  return [...names].sort().map(name => {
    const found = runs.map(run => of(run)[name] ?? null);
    const numbers = found.map(asNumber);
    const numeric = found.every(
      (value, at) => value === null || numbers[at] !== null
    );
    return {
      key: `${kind}:${name}`,
      kind,
      name,
      values: numeric ? numbers : found,
      numeric,
      differs: new Set(found).size > 1
    };
  });
}

function asNumber(value: Value): number | null {
  if (typeof value !== 'string') {
    return value;
  }
  const found = value.trim() === '' ? NaN : Number(value);
  return Number.isFinite(found) ? found : null;
}

/** By which column, and which way. */
export interface IOrder {
  /** A fact's key, or `name`, `started`, `took`; empty for the order in which runs were chosen. */
  readonly key: string;
  readonly down: boolean;
}

/** The places of the runs in the order that is asked for; what has no value comes last. */
export function ordered(
  comparison: IComparison,
  facts: readonly IFact[],
  order: IOrder
): readonly number[] {
  const places = comparison.runs.map((_, at) => at);
  const values = valuesOf(comparison, facts, order.key);
  if (!values) {
    return places;
  }
  const way = order.down ? -1 : 1;
  return places.sort((a, b) => {
    const [one, other] = [values[a] ?? null, values[b] ?? null];
    if (one === null || other === null) {
      return Number(one === null) - Number(other === null) || a - b;
    }
    return way * compared(one, other) || a - b;
  });
}

function valuesOf(
  { columns, runs }: IComparison,
  facts: readonly IFact[],
  key: string
): readonly Value[] | undefined {
  switch (key) {
    case 'name':
      return columns;
    case 'started':
      return runs.map(run => run.started);
    case 'took':
      return runs.map(tookOf);
    default:
      return facts.find(fact => fact.key === key)?.values;
  }
}

function compared(one: number | string, other: number | string): number {
  return typeof one === 'number' && typeof other === 'number'
    ? one - other
    : String(one).localeCompare(String(other), undefined, { numeric: true });
}

/** Seconds that a run took; null while it goes on. */
export function tookOf(run: IComparedRun): number | null {
  return run.ended === null ? null : Math.max(0, run.ended - run.started);
}

/** The order that a click on a column's head asks for: up, down, and then as chosen. */
export function turned(order: IOrder, key: string): IOrder {
  if (order.key !== key) {
    return { key, down: false };
  }
  return order.down ? { key: '', down: false } : { key, down: true };
}

/** Where a number lies between the smallest and the largest of its column; null for others. */
export function shareOf(fact: IFact, at: number): number | null {
  const value = fact.values[at];
  const numbers = fact.values.filter(
    (one): one is number => typeof one === 'number'
  );
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return typeof value === 'number' && fact.numeric && high > low
    ? (value - low) / (high - low)
    : null;
}

/** How far a number is from that of the first run; null where it is the same or not known. */
export function stepFrom(fact: IFact, at: number): number | null {
  const [first, value] = [fact.values[0], fact.values[at]];
  return typeof first === 'number' &&
    typeof value === 'number' &&
    value !== first
    ? value - first
    : null;
}
