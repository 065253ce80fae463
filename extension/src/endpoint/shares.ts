/**
 * How far columns are from their limits. Pure.
 */
import type { IBin, IColumnDrift, IDriftReport, ITrail } from './records';

/** What a table of columns is sorted by. */
export interface IOrder {
  readonly by: 'drift' | 'column';
  readonly down: boolean;
}

/** The furthest first. */
export const FURTHEST: IOrder = { by: 'drift', down: true };

/** A column, and how far it was in the looks before, the oldest first. */
export interface IRow {
  readonly drift: IColumnDrift;
  readonly before: readonly (number | null)[];
}

/** The order after a click on a head: another one, or the other way round. */
export function turned(order: IOrder, by: IOrder['by']): IOrder {
  return order.by === by
    ? { by, down: !order.down }
    : { by, down: by === 'drift' };
}

/** The figure over its limit: above 1 it drifted; null where it was not judged. */
export function shareOf({ limit, value }: IColumnDrift): number | null {
  return value === null || !limit ? null : value / limit;
}

/**
 * The rows of a report in an order; what was not judged comes last.
 *
 * @param kept whether the report is one of the looks of the trails
 */
export function rowsOf(
  report: IDriftReport,
  trails: readonly ITrail[],
  order: IOrder,
  kept: boolean
): IRow[] {
  const shares = new Map(
    trails.map(one => [keyOf(one), [...one.shares].reverse()])
  );
  const rows = report.columns.map(drift => {
    const before = shares.get(keyOf(drift)) ?? [];
    return { drift, before: kept ? before : [...before, shareOf(drift)] };
  });
  return rows.sort((one, other) => compare(one.drift, other.drift, order));
}

/** What tells a column from others. */
export function keyOf(one: { column: string; of: string }): string {
  return `${one.of} ${one.column}`;
}

function compare(
  one: IColumnDrift,
  other: IColumnDrift,
  { by, down }: IOrder
): number {
  const sign = down ? -1 : 1;
  const names = one.column.localeCompare(other.column, undefined, {
    numeric: true
  });
  if (by === 'column') {
    return sign * names;
  }
  const [a, b] = [shareOf(one), shareOf(other)];
  if (a === null || b === null) {
    return Number(a === null) - Number(b === null) || names;
  }
  return sign * (a - b) || names;
}

/**
 * Where a share lies on a bar, from 0 to 1: the limit is in its middle, and however far a column
 * is it fits.
 */
export function placeOf(share: number): number {
  return share <= 1 ? share / 2 : 1 - 1 / (2 * share);
}

/** The bin whose share has moved most. */
export function furthest(bins: readonly IBin[]): IBin | null {
  return bins.reduce<IBin | null>(
    (best, bin) => (best && moved(best) >= moved(bin) ? best : bin),
    null
  );
}

function moved({ reference, window }: IBin): number {
  return Math.abs(window - reference);
}

/** A share of rows in percent, in few letters. */
export function percent(share: number): string {
  const value = 100 * share;
  return String(Number(value.toPrecision(value < 10 ? 2 : 3)));
}
