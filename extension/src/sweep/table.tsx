import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { metric, span } from '../format';
import { Dot } from '../sidebar/dot';
import { JOB_MARKS, sayJob } from '../sidebar/rows';
import type { ISweep, ITrial } from './records';
import type { IOrder } from './trials';
import { cellOf, firstOrder, metricNames, sorted, turned } from './trials';

/** Rows that are drawn; the table of the parent run has all. */
const MOST = 200;

interface IProps {
  sweep: ISweep;
  best: number | null;
  trans: TranslationBundle;
  onOpen: (job: string) => void;
}

/**
 * The trials of a sweep: a row each, sorted by what a head was clicked for.
 */
export function TrialTable(props: IProps): React.ReactElement {
  const { sweep, trans } = props;
  const [chosen, setChosen] = React.useState<IOrder | null>(null);
  const order = chosen ?? firstOrder(sweep);
  const names = Object.keys(sweep.space);
  const metrics = metricNames(sweep);
  const rows = sorted(sweep.trials, order);
  const head = (column: string, label: string) => (
    <th
      key={column}
      scope="col"
      aria-sort={
        order.column === column
          ? order.down
            ? 'descending'
            : 'ascending'
          : 'none'
      }
    >
      <button
        type="button"
        className="jp-labline-sort"
        onClick={() => setChosen(turned(order, column))}
      >
        {label}
        <span aria-hidden="true">
          {order.column === column ? (order.down ? ' ↓' : ' ↑') : ''}
        </span>
      </button>
    </th>
  );
  if (rows.length === 0) {
    return (
      <p className="jp-labline-quiet">{trans.__('None has begun yet.')}</p>
    );
  }
  return (
    <div
      className="jp-labline-wide"
      // A table that is wider than its place is scrolled by keyboard too.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="region"
      aria-label={trans.__('Table of trials')}
    >
      <table className="jp-labline-table">
        <thead>
          <tr>
            {head('number', trans.__('Trial'))}
            <th scope="col">{trans.__('Status')}</th>
            {[...names, ...metrics].map(name => head(name, name))}
            {head('took', trans.__('Took'))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map(trial => (
            <Row
              {...props}
              key={trial.number}
              trial={trial}
              names={names}
              metrics={metrics}
            />
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <p className="jp-labline-quiet">
          {trans.__(
            '%1 more are in the table of the parent run.',
            rows.length - MOST
          )}
        </p>
      )}
    </div>
  );
}

function Row(
  props: IProps & {
    trial: ITrial;
    names: readonly string[];
    metrics: readonly string[];
  }
): React.ReactElement {
  const { best, metrics, names, onOpen, trans, trial } = props;
  const says = trial.pruned ? trans.__('pruned') : sayJob(trans)[trial.status];
  return (
    <tr data-best={trial.number === best || undefined}>
      <td>
        <button
          type="button"
          className="jp-labline-name"
          title={trial.job}
          aria-label={trans.__('Open trial %1', trial.number)}
          onClick={() => onOpen(trial.job)}
        >
          {trial.number}
        </button>
        {trial.number === best && (
          <span className="jp-labline-chip">{trans.__('best')}</span>
        )}
      </td>
      <td title={trial.pruned || trial.error || undefined}>
        <Dot mark={JOB_MARKS[trial.status] ?? 'off'} /> {says}
      </td>
      {names.map(name => (
        <td key={name} data-numeric={isNumber(trial.values[name])}>
          {cellOf(trial.values[name])}
        </td>
      ))}
      {metrics.map(name => (
        <td key={name} data-numeric>
          {trial.metrics[name] === undefined
            ? '–'
            : metric(trial.metrics[name])}
        </td>
      ))}
      <td data-numeric>{trial.took === null ? '–' : span(trial.took)}</td>
    </tr>
  );
}

function isNumber(value: unknown): true | undefined {
  return typeof value === 'number' || undefined;
}
