import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { idOf } from '../listing';
import type { IRecords, IStatus, SectionName } from '../records';
import type { RequestError } from '../request';
import type { IList, ILine, ISnapshot } from '../tokens';
import { Chosen, Comparing } from './comparing';
import { Empty } from './empty';
import { Long } from './long';
import { Prose } from './notice';
import { EndpointRow, JobRow, ModelRow, PromotionRow, RunRow } from './rows';

type Item = IRecords[SectionName];

interface IProps {
  line: ILine;
  name: SectionName;
  snapshot: ISnapshot;
  status: IStatus;
  trans: TranslationBundle;
}

/**
 * One list: the newest of it, all of it when asked for, or why there is nothing to show.
 */
export function List(props: IProps): React.ReactElement {
  const { line, name, snapshot, status, trans } = props;
  const [whole, setWhole] = React.useState(false);
  const list: IList<Item> = snapshot.lists[name];
  const { items, total } = list;
  // What the panel says above is not said again in every list.
  const told = list.failure?.message === snapshot.failure?.message;
  const failure = list.failure && !told && (
    <ListFailure {...props} failure={list.failure} />
  );
  if (items.length === 0 || (failure && snapshot.filter)) {
    return failure || <Nothing {...props} loaded={list.loaded} />;
  }
  const row = (item: Item) => (
    <RowOf
      key={idOf(name, item)}
      name={name}
      item={item}
      status={status}
      now={nowAt(snapshot)}
      trans={trans}
    />
  );
  const long = whole && total > items.length;
  return (
    <>
      {failure}
      {name === 'runs' && <Comparing trans={trans} />}
      {long ? (
        <Long
          key={snapshot.filter}
          line={line}
          name={name}
          total={total}
          row={row}
          trans={trans}
        />
      ) : (
        <Short items={items} name={name} row={row} />
      )}
      {total > items.length && (
        <p className="jp-labline-more">
          <span>
            {long
              ? trans.__('%1 in all', total.toLocaleString())
              : trans.__('%1 of %2', items.length, total.toLocaleString())}
          </span>
          <button type="button" onClick={() => setWhole(!whole)}>
            {long ? trans.__('Show fewer') : trans.__('Show all')}
          </button>
        </p>
      )}
    </>
  );
}

/** The time on the server, in seconds: its last word, and what has gone by since. */
function nowAt({ at, status }: ISnapshot): number {
  return (status?.at ?? 0) + (Date.now() - at) / 1000;
}

function Short(props: {
  items: readonly Item[];
  name: SectionName;
  row: (item: Item) => React.ReactElement;
}): React.ReactElement {
  const { items, name, row } = props;
  const choice = React.useContext(Chosen);
  React.useEffect(() => {
    if (name === 'runs') {
      choice.offer(items.map(item => idOf(name, item)));
    }
  }, [choice, items, name]);
  return (
    <UseSignal signal={choice.changed}>
      {() => (
        <ul data-choosing={choice.ids.length > 0 || undefined}>
          {items.map(row)}
        </ul>
      )}
    </UseSignal>
  );
}

/** A list with nothing in it, or nothing that fits. */
function Nothing(props: IProps & { loaded: boolean }): React.ReactElement {
  const { loaded, name, snapshot, trans } = props;
  if (!loaded) {
    return <p className="jp-labline-quiet">{trans.__('Loading…')}</p>;
  }
  return snapshot.filter ? (
    <p className="jp-labline-quiet">{trans.__('None fits the filter.')}</p>
  ) : (
    <Empty name={name} trans={trans} />
  );
}

/** Why a list did not come, unless the status above says so already. */
function ListFailure(
  props: IProps & { failure: RequestError }
): React.ReactElement {
  const { failure, status, trans } = props;
  if (failure.message === status.tracking.message) {
    return (
      <p className="jp-labline-quiet">
        {trans.__('Not known while tracking cannot be reached.')}
      </p>
    );
  }
  return (
    <div className="jp-labline-detail" data-mark="bad" role="alert">
      <p>{failure.message}</p>
      <Prose text={failure.fix} />
    </div>
  );
}

function RowOf(props: {
  name: SectionName;
  item: Item;
  status: IStatus;
  now: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { item, name, now, status, trans } = props;
  switch (name) {
    case 'runs':
      return <RunRow run={item as IRecords['runs']} now={now} trans={trans} />;
    case 'jobs':
      return <JobRow job={item as IRecords['jobs']} now={now} trans={trans} />;
    case 'models':
      return (
        <ModelRow model={item as IRecords['models']} now={now} trans={trans} />
      );
    case 'promotions':
      return (
        <PromotionRow
          promotion={item as IRecords['promotions']}
          now={now}
          trans={trans}
        />
      );
    case 'endpoints':
      return (
        <EndpointRow
          endpoint={item as IRecords['endpoints']}
          up={status.platform.running}
          trans={trans}
        />
      );
  }
}
