import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { scaleOf } from '../chart/scale';
import { metric } from '../format';
import { useScrolled } from '../scrolled';
import type { Mark } from '../sidebar/dot';
import { Dot } from '../sidebar/dot';
import type { IColumnDrift, IDriftReport, ITrail } from './records';
import { pathOf } from './scale';
import type { IOrder, IRow } from './shares';
import {
  FURTHEST,
  furthest,
  keyOf,
  percent,
  placeOf,
  rowsOf,
  shareOf,
  turned
} from './shares';

/** Height of a row in pixels, and how many are seen at once. */
const HEIGHT = 34;
const SEEN = 12;

export const OUTCOME_MARKS: Readonly<Record<string, Mark>> = {
  stable: 'good',
  held: 'good',
  drifted: 'bad',
  dropped: 'bad',
  'not judged': 'off'
};

interface IProps {
  report: IDriftReport;
  trails: readonly ITrail[];
  /** Whether the report is one of the looks of the trails. */
  kept: boolean;
  trans: TranslationBundle;
}

/**
 * The columns that were looked at, the furthest first. Of many only the rows that are seen are made.
 */
export function Columns(props: IProps): React.ReactElement {
  const { kept, report, trails, trans } = props;
  const [order, setOrder] = React.useState<IOrder>(FURTHEST);
  const rows = React.useMemo(
    () => rowsOf(report, trails, order, kept),
    [report, trails, order, kept]
  );
  const [scroller, from, to] = useScrolled(rows.length, HEIGHT);
  const long = rows.length > SEEN;
  const followed = rows.some(({ before }) => isLine(before));
  const label = trans.__('Drift of %1 columns', rows.length);
  const head = (by: IOrder['by'], text: string) => (
    <Head text={text} by={by} order={order} onOrder={setOrder} />
  );
  return (
    <div
      ref={scroller}
      className="jp-labline-drifts"
      role="region"
      aria-label={label}
      // It is scrolled by keyboard, too.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      data-long={long || undefined}
      style={{ '--labline-row': `${HEIGHT}px` } as React.CSSProperties}
    >
      <table
        className="jp-labline-table"
        aria-label={label}
        aria-rowcount={rows.length + 1}
      >
        <thead>
          <tr aria-rowindex={1}>
            {head('column', trans.__('column'))}
            <th scope="col">{trans.__('verdict')}</th>
            {head('drift', trans.__('%1, and its limit', report.test))}
            <th scope="col">{trans.__('moved most')}</th>
            {followed && <th scope="col">{trans.__('looks')}</th>}
          </tr>
        </thead>
        <tbody>
          <Gap rows={from} />
          {rows.slice(from, to).map((row, at) => (
            <Row
              key={keyOf(row.drift)}
              row={row}
              index={from + at + 2}
              followed={followed}
              trans={trans}
            />
          ))}
          <Gap rows={rows.length - to} />
        </tbody>
      </table>
    </div>
  );
}

/** Room for rows that are not made. */
function Gap({ rows }: { rows: number }): React.ReactElement | null {
  return rows > 0 ? (
    <tr aria-hidden data-gap>
      <td colSpan={5} style={{ height: rows * HEIGHT }} />
    </tr>
  ) : null;
}

function Head(props: {
  text: string;
  by: IOrder['by'];
  order: IOrder;
  onOrder: (order: IOrder) => void;
}): React.ReactElement {
  const { by, onOrder, order, text } = props;
  const sorted = order.by === by;
  return (
    <th
      scope="col"
      aria-sort={sorted ? (order.down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className="jp-labline-sort"
        onClick={() => onOrder(turned(order, by))}
      >
        {text}
        <span aria-hidden>{sorted ? (order.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

function Row(props: {
  row: IRow;
  index: number;
  /** Whether looks before are told. */
  followed: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { followed, index, row, trans } = props;
  const { column, of, outcome, says } = row.drift;
  const most = furthest(row.drift.bins);
  const moved =
    most &&
    trans.__(
      '%1: %2 → %3 %',
      most.name,
      percent(most.reference),
      percent(most.window)
    );
  return (
    <tr aria-rowindex={index} data-outcome={outcome}>
      <th scope="row" title={column}>
        {of === 'prediction' ? <i>{trans.__('the predictions')}</i> : column}
      </th>
      <td title={says}>
        <Dot mark={OUTCOME_MARKS[outcome] ?? 'off'} /> {outcome}
      </td>
      {row.drift.value === null ? (
        <td colSpan={2} title={says} className="jp-labline-quiet">
          {whyNot(row.drift)}
        </td>
      ) : (
        <>
          <td title={says}>
            <Bar drift={row.drift} />
          </td>
          <td title={moved ?? undefined}>{moved}</td>
        </>
      )}
      {followed && (
        <td>
          <Trail shares={row.before} trans={trans} />
        </td>
      )}
    </tr>
  );
}

/** Why a column was not judged, without its name. */
function whyNot({ column, says }: IColumnDrift): string {
  return says.startsWith(`${column}: `) ? says.slice(column.length + 2) : says;
}

/** A figure beside its limit, which is in the middle of each bar. */
function Bar({ drift }: { drift: IColumnDrift }): React.ReactElement {
  const share = shareOf(drift) ?? 0;
  return (
    <span className="jp-labline-bar">
      <b>{metric(drift.value ?? 0)}</b>
      <i aria-hidden>
        <i style={{ width: `${(100 * placeOf(share)).toFixed(1)}%` }} />
      </i>
      <span>{metric(drift.limit ?? 0)}</span>
    </span>
  );
}

/** Whether looks are enough to draw a line through. */
function isLine(shares: IRow['before']): boolean {
  return shares.filter(share => share !== null).length > 1;
}

/** How far a column was in the looks before; the line in its midst is the limit. */
function Trail(props: {
  shares: IRow['before'];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { shares, trans } = props;
  const judged = shares.filter(share => share !== null);
  if (!isLine(shares)) {
    return null;
  }
  const points = shares.map(
    (share, at) => [at, share === null ? NaN : placeOf(share)] as const
  );
  const x = scaleOf([0, shares.length - 1], { tight: true });
  const y = scaleOf([0, 1], { tight: true });
  const label = trans.__(
    'drifted in %1 of %2 looks',
    judged.filter(share => share > 1).length,
    judged.length
  );
  return (
    <svg
      className="jp-labline-trail"
      viewBox="0 0 100 100"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <path d="M0 50H100" />
      <path d={pathOf(points, x, y)} />
    </svg>
  );
}
