import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { count } from '../format';
import type { IStatus, SectionName } from '../records';
import { SECTIONS } from '../records';
import type { ILine, ISnapshot } from '../tokens';
import type { Mark } from './dot';
import { Dot } from './dot';
import { List } from './list';

interface IProps {
  line: ILine;
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
  const { closed, name, onToggle, snapshot, status, trans } = props;
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
          <span className="jp-labline-count">
            {snapshot.filter
              ? snapshot.lists[name].total
              : count(status.counts[name])}
          </span>
        </button>
      </h3>
      {open && (
        <div id={`${id}-body`}>
          <List {...props} />
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
