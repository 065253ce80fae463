import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { count } from '../format';
import type { IStatus, SectionName } from '../records';
import { SECTIONS } from '../records';
import type { IList, ISnapshot } from '../tokens';
import { Empty } from './empty';
import { Notice, Prose } from './notice';
import { EndpointRow, JobRow, ModelRow, RunRow } from './rows';

interface IProps {
  snapshot: ISnapshot;
  status: IStatus;
  closed: ReadonlySet<SectionName>;
  trans: TranslationBundle;
  onToggle: (name: SectionName) => void;
}

/**
 * The four lists, each folding by itself.
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
    endpoints: trans.__('Endpoints')
  };
  return titles[name];
}

/** What of the jobs shown wants attention. */
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
  const [queued, running, failed] = ['queued', 'running', 'failed'].map(tally);
  return (
    <span className="jp-labline-tally">
      {!!running && (
        <span data-mark="busy">{trans.__('%1 running', running)}</span>
      )}
      {!!queued && <span data-mark="off">{trans.__('%1 queued', queued)}</span>}
      {!!failed && <span data-mark="bad">{trans.__('%1 failed', failed)}</span>}
    </span>
  );
}

function Body(props: IProps & { name: SectionName }): React.ReactElement {
  const { name, snapshot, status, trans } = props;
  const list: IList<unknown> = snapshot.lists[name];
  const all = status.counts[name] ?? 0;
  return (
    <>
      {list.failure && (
        <Notice tone="error" title={list.failure.message}>
          <Prose text={list.failure.fix} />
        </Notice>
      )}
      {list.items.length > 0 ? (
        <ul>{rowsOf(props)}</ul>
      ) : list.loaded ? (
        !list.failure && <Empty name={name} trans={trans} />
      ) : (
        !list.failure && (
          <p className="jp-labline-quiet">{trans.__('Loading…')}</p>
        )
      )}
      {all > list.items.length && list.items.length > 0 && (
        <p className="jp-labline-more">
          {trans.__('The newest %1 of %2', list.items.length, count(all))}
        </p>
      )}
    </>
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
