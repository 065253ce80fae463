import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  UseSignal
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { count } from '../format';
import type { IStatus, SectionName } from '../records';
import { SECTIONS } from '../records';
import type { RequestError } from '../request';
import type { IList, ISnapshot } from '../tokens';
import { Chosen, Comparing } from './comparing';
import type { Mark } from './dot';
import { Dot } from './dot';
import { Empty } from './empty';
import { Prose } from './notice';
import { EndpointRow, JobRow, ModelRow, PromotionRow, RunRow } from './rows';

interface IProps {
  snapshot: ISnapshot;
  status: IStatus;
  closed: ReadonlySet<SectionName>;
  trans: TranslationBundle;
  onToggle: (name: SectionName) => void;
}

/**
 * The lists, each folding by itself.
 */
export function Sections(props: IProps): React.ReactElement {
  return (
    <>
      {SECTIONS.map(name => (
        <Section key={name} name={name} {...props} />
      ))}
    </>
  );
}

function Section(props: IProps & { name: SectionName }): React.ReactElement {
  const { closed, name, onToggle, status, trans } = props;
  const id = React.useId();
  const open = !closed.has(name);
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="jp-labline-section" aria-labelledby={`${id}-head`}>
      <h3>
        <button
          type="button"
          id={`${id}-head`}
          aria-expanded={open}
          aria-controls={open ? `${id}-body` : undefined}
          onClick={() => onToggle(name)}
        >
          <Caret.react tag="span" height="16px" width="16px" />
          <span>{titleOf(name, trans)}</span>
          <Tally {...props} />
          <span className="jp-labline-count">{count(status.counts[name])}</span>
        </button>
      </h3>
      {open && (
        <div id={`${id}-body`}>
          <Body {...props} />
        </div>
      )}
    </section>
  );
}

function titleOf(name: SectionName, trans: TranslationBundle): string {
  const titles: Record<SectionName, string> = {
    runs: trans.__('Runs'),
    jobs: trans.__('Jobs'),
    models: trans.__('Models'),
    promotions: trans.__('Promotions'),
    endpoints: trans.__('Endpoints')
  };
  return titles[name];
}

/** How many of the jobs shown run, wait or failed. */
function Tally(
  props: IProps & { name: SectionName }
): React.ReactElement | null {
  const { name, snapshot, trans } = props;
  if (name !== 'jobs') {
    return null;
  }
  const jobs = snapshot.lists.jobs.items;
  const tally = (status: string) =>
    jobs.filter(job => job.status === status).length;
  const [running = 0, queued = 0, failed = 0] = [
    'running',
    'queued',
    'failed'
  ].map(tally);
  const told: readonly (readonly [Mark, number, string])[] = [
    ['busy', running, trans.__('%1 running', running)],
    ['off', queued, trans.__('%1 queued', queued)],
    ['bad', failed, trans.__('%1 failed', failed)]
  ];
  return (
    <span className="jp-labline-tally">
      {told
        .filter(([, number]) => number > 0)
        .map(([mark, number, says]) => (
          <span key={mark} title={says}>
            <Dot mark={mark} />
            <span aria-hidden>{number}</span>
            <span className="jp-sr-only">{says}</span>
          </span>
        ))}
    </span>
  );
}

function Body(props: IProps & { name: SectionName }): React.ReactElement {
  const { name, snapshot, status, trans } = props;
  const list: IList<unknown> = snapshot.lists[name];
  const all = status.counts[name] ?? 0;
  // What the panel says above is not said again in every list.
  const told = list.failure?.message === snapshot.failure?.message;
  const failure = list.failure && !told && (
    <ListFailure {...props} failure={list.failure} />
  );
  if (list.items.length === 0) {
    return failure ? (
      failure
    ) : list.loaded ? (
      <Empty name={name} trans={trans} />
    ) : (
      <p className="jp-labline-quiet">{trans.__('Loading…')}</p>
    );
  }
  return (
    <>
      {failure}
      {name === 'runs' && <Comparing trans={trans} />}
      <Rows {...props} />
      {all > list.items.length && (
        <p className="jp-labline-more">
          {trans.__('The newest %1 of %2', list.items.length, count(all))}
        </p>
      )}
    </>
  );
}

/** The rows; those of runs follow what is chosen. */
function Rows(props: IProps & { name: SectionName }): React.ReactElement {
  const choice = React.useContext(Chosen);
  const { items } = props.snapshot.lists.runs;
  React.useEffect(
    () => choice.offer(items.map(run => run.id)),
    [choice, items]
  );
  return (
    <UseSignal signal={choice.changed}>
      {() => (
        <ul data-choosing={choice.ids.length > 0 || undefined}>
          {rowsOf(props)}
        </ul>
      )}
    </UseSignal>
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
    <div className="jp-labline-detail" data-mark="bad">
      <p>{failure.message}</p>
      <Prose text={failure.fix} />
    </div>
  );
}

function rowsOf({
  name,
  snapshot,
  status,
  trans
}: IProps & { name: SectionName }): React.ReactElement[] {
  const { lists } = snapshot;
  const now = status.at;
  switch (name) {
    case 'runs':
      return lists.runs.items.map(run => (
        <RunRow key={run.id} run={run} now={now} trans={trans} />
      ));
    case 'jobs':
      return lists.jobs.items.map(job => (
        <JobRow key={job.id} job={job} now={now} trans={trans} />
      ));
    case 'models':
      return lists.models.items.map(model => (
        <ModelRow key={model.name} model={model} now={now} trans={trans} />
      ));
    case 'promotions':
      return lists.promotions.items.map(one => (
        <PromotionRow key={one.id} promotion={one} now={now} trans={trans} />
      ));
    case 'endpoints':
      return lists.endpoints.items.map(endpoint => (
        <EndpointRow
          key={endpoint.name}
          endpoint={endpoint}
          up={status.platform.running}
          trans={trans}
        />
      ));
  }
}
