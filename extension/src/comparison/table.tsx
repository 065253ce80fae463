import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  closeIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ILook } from '../chart/look';
import { Swatch } from '../chart/swatch';
import { metric, moment, span } from '../format';
import type { IFact, IOrder } from './facts';
import { ordered, shareOf, stepFrom, tookOf, turned } from './facts';
import type { IComparison } from './records';

interface IProps {
  comparison: IComparison;
  facts: readonly IFact[];
  looks: readonly ILook[];
  /** Id of the run that stands out. */
  lit: string | null;
  trans: TranslationBundle;
  onLit: (id: string | null) => void;
  /** Compare the others with this run. */
  onFirst: (id: string) => void;
  onRemove: (id: string) => void;
}

/**
 * A row for each run, a column for each parameter and metric; what differs stands out.
 */
export function Table(props: IProps): React.ReactElement {
  const { comparison, facts, trans } = props;
  const [all, setAll] = React.useState(false);
  const [order, setOrder] = React.useState<IOrder>({ key: '', down: false });
  const differing = facts.filter(fact => fact.differs);
  const same = facts.length - differing.length;
  const shown = all ? facts : differing;
  const places = ordered(comparison, facts, order);
  return (
    <>
      <div className="jp-labline-compareTools">
        <label className="jp-labline-check">
          <input
            type="checkbox"
            checked={!all}
            onChange={event => setAll(!event.target.checked)}
          />
          {trans.__('Only what differs')}
        </label>
        <span className="jp-labline-quiet" role="status">
          {!all &&
            same > 0 &&
            trans._n(
              '%1 value is the same in all and is not shown',
              '%1 values are the same in all and are not shown',
              same
            )}
        </span>
      </div>
      <div className="jp-labline-scroller">
        <table className="jp-labline-compareTable">
          <caption className="jp-sr-only">
            {trans.__('Parameters and metrics of each run')}
          </caption>
          <Head
            facts={shown}
            order={order}
            trans={trans}
            onOrder={key => setOrder(turned(order, key))}
          />
          <tbody>
            {places.map(at => (
              <Run
                key={comparison.runs[at]?.id}
                {...props}
                at={at}
                facts={shown}
              />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && (
        <p className="jp-labline-quiet">
          {facts.length
            ? trans.__('Every parameter and metric is the same in all runs.')
            : trans.__('These runs have neither parameters nor metrics.')}
        </p>
      )}
    </>
  );
}

function Head(props: {
  facts: readonly IFact[];
  order: IOrder;
  trans: TranslationBundle;
  onOrder: (key: string) => void;
}): React.ReactElement {
  const { facts, trans } = props;
  const params = facts.filter(fact => fact.kind === 'param').length;
  const metrics = facts.length - params;
  return (
    <thead>
      <tr>
        <td colSpan={3} />
        {params > 0 && (
          <th scope="colgroup" colSpan={params} data-first>
            {trans.__('Parameters')}
          </th>
        )}
        {metrics > 0 && (
          <th scope="colgroup" colSpan={metrics} data-first>
            {trans.__('Metrics')}
          </th>
        )}
      </tr>
      <tr>
        <Column {...props} id="name" name={trans.__('Run')} />
        <Column {...props} id="started" name={trans.__('Started')} />
        <Column {...props} id="took" name={trans.__('Took')} numeric />
        {facts.map((fact, at) => (
          <Column
            {...props}
            key={fact.key}
            id={fact.key}
            name={fact.name}
            numeric={fact.numeric}
            first={at === 0 || fact.kind !== facts[at - 1]?.kind}
          />
        ))}
      </tr>
    </thead>
  );
}

function Column(props: {
  id: string;
  name: string;
  numeric?: boolean;
  first?: boolean;
  order: IOrder;
  onOrder: (key: string) => void;
}): React.ReactElement {
  const { id, name, order } = props;
  const sorted = order.key === id;
  const Arrow = order.down ? caretDownIcon : caretUpIcon;
  return (
    <th
      scope="col"
      aria-sort={sorted ? (order.down ? 'descending' : 'ascending') : 'none'}
      data-numeric={props.numeric || undefined}
      data-first={props.first || undefined}
    >
      <button type="button" title={name} onClick={() => props.onOrder(id)}>
        <span>{name}</span>
        <i>{sorted && <Arrow.react tag="span" height="12px" width="12px" />}</i>
      </button>
    </th>
  );
}

function Run(props: IProps & { at: number }): React.ReactElement {
  const { at, comparison, facts, lit, looks, onLit, trans } = props;
  const run = comparison.runs[at]!;
  const name = comparison.columns[at] ?? run.id;
  const took = tookOf(run);
  const locale = document.documentElement.lang || undefined;
  return (
    <tr
      data-lit={lit === run.id || undefined}
      onPointerEnter={() => onLit(run.id)}
      onPointerLeave={() => onLit(null)}
      onFocus={() => onLit(run.id)}
      onBlur={() => onLit(null)}
    >
      <th scope="row">
        <div>
          <Swatch look={looks[at]!} />
          <span
            className="jp-labline-name"
            dir="auto"
            title={`${name}\n${run.id}`}
          >
            {name}
          </span>
          <Choices {...props} id={run.id} name={name} />
        </div>
      </th>
      <td>
        <time
          dateTime={new Date(run.started * 1000).toISOString()}
          title={moment(run.started, locale)}
        >
          {moment(run.started, locale, 'short')}
        </time>
      </td>
      <td data-numeric>{took === null ? trans.__('running') : span(took)}</td>
      {facts.map((fact, number) => (
        <Cell
          key={fact.key}
          fact={fact}
          at={at}
          first={number === 0 || fact.kind !== facts[number - 1]?.kind}
        />
      ))}
    </tr>
  );
}

/** What can be done with one run: compare the others with it, or leave it out. */
function Choices(
  props: IProps & { at: number; id: string; name: string }
): React.ReactElement {
  const { at, comparison, id, name, onFirst, onRemove, trans } = props;
  const remove = trans.__('Leave out %1', name);
  return (
    <span className="jp-labline-runTools">
      {at === 0 ? (
        <span className="jp-labline-chip" data-held>
          {trans.__('baseline')}
        </span>
      ) : (
        <button
          type="button"
          className="jp-labline-chip"
          aria-label={trans.__('Make %1 the baseline', name)}
          title={trans.__('Compare the others with this run')}
          onClick={() => onFirst(id)}
        >
          {trans.__('baseline')}
        </button>
      )}
      {comparison.runs.length > 2 && (
        <button
          type="button"
          className="jp-labline-iconButton"
          aria-label={remove}
          title={remove}
          onClick={() => onRemove(id)}
        >
          <closeIcon.react tag="span" height="14px" width="14px" />
        </button>
      )}
    </span>
  );
}

function Cell(props: {
  fact: IFact;
  at: number;
  first: boolean;
}): React.ReactElement {
  const { at, fact, first } = props;
  const value = fact.values[at] ?? null;
  const share = shareOf(fact, at);
  const step = fact.kind === 'metric' ? stepFrom(fact, at) : null;
  const other = at > 0 && value !== fact.values[0];
  const style = { '--labline-share': share ?? 0 } as React.CSSProperties;
  return (
    <td
      data-numeric={fact.numeric || undefined}
      data-first={first || undefined}
      data-other={other || undefined}
      data-bar={share !== null || undefined}
      style={style}
      title={value === null ? undefined : String(value)}
    >
      {value === null ? (
        <span className="jp-labline-quiet">–</span>
      ) : (
        <span dir="auto">
          {typeof value === 'number' ? metric(value) : value}
        </span>
      )}
      {step !== null && (
        <small>
          {step > 0 ? '+' : '−'}
          {metric(Math.abs(step))}
        </small>
      )}
    </td>
  );
}
