import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ago, jobId, moment, parameters } from '../format';
import { useName } from '../page';
import { Dot } from '../sidebar/dot';
import { Failure } from '../sidebar/failure';
import { CommandLine, Notice, Prose } from '../sidebar/notice';
import { JOB_MARKS, sayJob } from '../sidebar/rows';
import type { JobFollower } from './follower';
import type { IJobDetail, IWholeJob } from './records';

interface IProps {
  follower: JobFollower;
  trans: TranslationBundle;
  /** It is known which notebook is run. */
  onNamed: (name: string) => void;
  onRetry: () => void;
  /** Start the platform, so that somebody is there to run it. */
  onStart: () => void;
  onOpenOutput: (path: string) => void;
  /** Show the sweep that it is a trial of. */
  onOpenSweep: (id: string) => void;
}

/**
 * A job: how it stands, how far it is, what it has shown, and why it failed.
 */
export function JobView(props: IProps): React.ReactElement {
  const { follower, onNamed, trans } = props;
  const { detail, failure } = follower;
  useName(detail && nameOf(detail.job), onNamed);
  return (
    <>
      {detail && <Head {...props} job={detail.job} />}
      <div className="jp-labline-jobNotices">
        {failure && (
          <div role="alert">
            <Failure failure={failure} at={0} trans={trans} />
          </div>
        )}
        {detail && <Trouble {...props} detail={detail} />}
      </div>
      {!detail && !failure && (
        <p className="jp-labline-quiet" role="status">
          {trans.__('Looking for the job…')}
        </p>
      )}
      {detail && <Log {...props} job={detail.job} />}
    </>
  );
}

/** Several jobs may be of one notebook. */
function nameOf(job: IWholeJob): string {
  return `${PathExt.basename(job.notebook)} · ${jobId(job.id)}`;
}

function Head(props: IProps & { job: IWholeJob }): React.ReactElement {
  const { job, onOpenSweep, trans } = props;
  const { sweep } = job;
  const says = sayJob(trans)[job.status];
  const given = parameters(job.parameters);
  const [done, all] = job.progress;
  const told = trans.__('%1 of %2 cells', done, all);
  return (
    <div className="jp-labline-jobHead">
      <div className="jp-labline-jobTitle">
        <h2 title={job.id}>{job.notebook}</h2>
        <Buttons {...props} />
      </div>
      <dl>
        <div>
          <dt>{trans.__('Status')}</dt>
          <dd>
            <Dot mark={JOB_MARKS[job.status] ?? 'off'} />
            <span role="status">
              {says}
              {job.attempt > 1 && ` · ${trans.__('attempt %1', job.attempt)}`}
            </span>
          </dd>
        </div>
        <div>
          <dt>{trans.__('Parameters')}</dt>
          <dd>
            {given ? <code>{given}</code> : trans.__('as in the notebook')}
          </dd>
        </div>
        {sweep !== null && (
          <div>
            <dt>{trans.__('Sweep')}</dt>
            <dd>
              <button
                type="button"
                className="jp-labline-name"
                onClick={() => onOpenSweep(sweep)}
              >
                {sweep}
              </button>
            </dd>
          </div>
        )}
        <div>
          <dt>{trans.__('Time')}</dt>
          <dd title={moment(job.created)}>
            {timing(job, trans)}
            {job.started !== null && (
              <span className="jp-labline-quiet">
                {' · '}
                {trans.__('began %1', moment(job.started, undefined, 'short'))}
              </span>
            )}
          </dd>
        </div>
      </dl>
      {all > 0 && (
        <div className="jp-labline-jobProgress">
          <progress value={done} max={all} aria-label={told} />
          <span>{told}</span>
        </div>
      )}
    </div>
  );
}

function timing(job: IWholeJob, trans: TranslationBundle): string {
  if (job.started === null) {
    return trans.__('queued %1', ago(job.created, Date.now() / 1000));
  }
  const took = Math.max(0, (job.ended ?? Date.now() / 1000) - job.started);
  const text =
    took < 60
      ? trans.__('%1 s', took.toFixed(1))
      : trans.__('%1 min %2 s', Math.floor(took / 60), Math.floor(took % 60));
  return job.ended === null ? trans.__('%1 so far', text) : text;
}

function Buttons(props: IProps & { job: IWholeJob }): React.ReactElement {
  const { follower, job, onOpenOutput, onRetry, trans } = props;
  const { output } = job;
  const look = 'jp-mod-styled jp-labline-plainButton';
  return (
    <div className="jp-labline-buttons">
      {job.ended === null ? (
        <button
          type="button"
          className={look}
          disabled={follower.busy}
          onClick={() => void follower.cancel()}
        >
          {trans.__('Cancel')}
        </button>
      ) : (
        <button
          type="button"
          className={look}
          disabled={follower.busy}
          onClick={onRetry}
        >
          {trans.__('Retry')}
        </button>
      )}
      {job.ended !== null && output !== null && (
        <button
          type="button"
          className={look}
          onClick={() => onOpenOutput(output)}
        >
          {trans.__('Open Output Notebook')}
        </button>
      )}
    </div>
  );
}

/** Why it failed, or does not begin, and what to do about it. */
function Trouble(
  props: IProps & { detail: IJobDetail }
): React.ReactElement | null {
  const { detail, onStart, trans } = props;
  const { job, worker } = detail;
  if (job.ended === null && !worker) {
    return (
      <Notice tone="warn" title={trans.__('Nobody is there to run it')}>
        <p>{trans.__('It waits in the queue until a worker is up.')}</p>
        <button
          type="button"
          className="jp-labline-plainButton jp-mod-accept"
          onClick={onStart}
        >
          {trans.__('Start the Platform')}
        </button>
        <p className="jp-labline-quiet">
          {trans.__('The same in a terminal:')}
        </p>
        <CommandLine text="labline up" trans={trans} />
      </Notice>
    );
  }
  if (job.status !== 'failed') {
    return null;
  }
  const [first = '', ...rest] = job.error.split('\n');
  return (
    <Notice tone="error" title={first || trans.__('The job failed.')}>
      <Prose text={rest.join('\n').trim()} />
    </Notice>
  );
}

function Log(props: IProps & { job: IWholeJob }): React.ReactElement {
  const { follower, job, trans } = props;
  const { blocks, dropped } = follower.tail;
  const place = React.useRef<HTMLPreElement>(null);
  const atEnd = React.useRef(true);
  React.useLayoutEffect(() => {
    const node = place.current;
    if (node && atEnd.current) {
      node.scrollTop = node.scrollHeight;
    }
  }, [blocks]);
  return (
    <section className="jp-labline-log" aria-label={trans.__('Log')}>
      {dropped > 0 && (
        <p className="jp-labline-quiet">
          {trans.__(
            'The first %1 lines are left out here; “labline jobs logs %2” shows them all.',
            dropped.toLocaleString(),
            job.id
          )}
        </p>
      )}
      {blocks.length > 0 ? (
        <pre
          ref={place}
          // A log that is longer than its place is scrolled by keyboard too.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onScroll={({ currentTarget: node }) => {
            atEnd.current =
              node.scrollHeight - node.scrollTop - node.clientHeight < 8;
          }}
        >
          {blocks.map(block => (
            <Block key={block.at} text={block.text} />
          ))}
        </pre>
      ) : (
        <p className="jp-labline-quiet">
          {job.ended === null
            ? trans.__('Nothing was shown yet.')
            : trans.__('Its cells have shown nothing.')}
        </p>
      )}
    </section>
  );
}

/** Lines of a log; those that stay as they are cost nothing when others come. */
const Block = React.memo(function Block({ text }: { text: string }) {
  return <code className="jp-labline-logBlock">{text}</code>;
});
