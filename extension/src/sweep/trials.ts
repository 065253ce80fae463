/**
 * The trials of a sweep as a table. Pure.
 */
import type { ISweep, ITrial } from './records';

/** What a table of trials is sorted by: `number`, `took`, a parameter or a metric. */
export interface IOrder {
  readonly column: string;
  readonly down: boolean;
}

/** Names of all metrics, the one that decides first. */
export function metricNames({ search, trials }: ISweep): string[] {
  const names = new Set(trials.flatMap(({ metrics }) => Object.keys(metrics)));
  return [...names].sort(
    (one, other) =>
      Number(other === search.metric) - Number(one === search.metric) ||
      one.localeCompare(other)
  );
}

/** How a table begins: the best first, or in order where nothing says what is best. */
export function firstOrder({ search }: ISweep): IOrder {
  return search.metric
    ? { column: search.metric, down: search.goal === 'maximize' }
    : { column: 'number', down: false };
}

/** The order after a click on a column's head: another one, or the other way round. */
export function turned(order: IOrder, column: string): IOrder {
  return { column, down: order.column === column && !order.down };
}

/** The trials in an order; those that have no value there come last. */
export function sorted(
  trials: readonly ITrial[],
  { column, down }: IOrder
): ITrial[] {
  const sign = down ? -1 : 1;
  return [...trials].sort((one, other) => {
    const [a, b] = [valueOf(one, column), valueOf(other, column)];
    if (a === null || b === null) {
      return Number(a === null) - Number(b === null);
    }
    return sign * compare(a, b) || one.number - other.number;
  });
}

function compare(one: number | string, other: number | string): number {
  return typeof one === 'number' && typeof other === 'number'
    ? one - other
    : String(one).localeCompare(String(other), undefined, { numeric: true });
}

function valueOf(trial: ITrial, column: string): number | string | null {
  if (column === 'number' || column === 'took') {
    return trial[column];
  }
  const value = trial.values[column] ?? trial.metrics[column];
  if (value === undefined) {
    return null;
  }
  return typeof value === 'number' ? value : JSON.stringify(value);
}

/** A value of a parameter in a cell. */
export function cellOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
