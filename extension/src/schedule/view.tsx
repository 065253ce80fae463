import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError, useAsked } from '../asking';
import { jobId, parameters } from '../format';
import type { ISchedule, ISubmitted } from '../job/records';
import type { IStatus } from '../records';
import type { RequestError } from '../request';
import { remove, send } from '../request';
import { Failure } from '../sidebar/failure';
import { CommandLine, Notice } from '../sidebar/notice';
import type { IEvents } from '../tokens';

/** What the page of the schedules is given. */
interface IProps {
  events: IEvents;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
  /** Show a job. */
  onOpen: (job: string) => void;
  /** Start the platform: schedules come while a worker is up. */
  onStart: () => void;
}

/**
 * Every schedule: when it comes next, what came of the last time, and what can be done with it.
 */
export function Schedules(props: IProps): React.ReactElement {
  const { events, serverSettings, trans } = props;
  const [refusal, setRefusal] = React.useState<RequestError | null>(null);
  const { again, answer, failure } = useAsked<readonly ISchedule[]>(
    'schedules',
    () => false,
    serverSettings,
    { events, about: event => event.type === 'schedule' }
  );
  const act = async (work: Promise<unknown>) => {
    await work.then(
      () => setRefusal(null),
      (error: unknown) => setRefusal(asRequestError(error))
    );
    again();
  };
  const wrong = refusal ?? failure;
  return (
    <>
      <div className="jp-labline-head">
        <h1>{trans.__('Schedules')}</h1>
      </div>
      {wrong && <Failure failure={wrong} at={0} trans={trans} />}
      {!answer && !failure && (
        <p className="jp-labline-quiet" role="status">
          {trans.__('Looking for schedules…')}
        </p>
      )}
      {answer && answer.length > 0 && <Awake {...props} />}
      {answer && <List {...props} schedules={answer} act={act} />}
    </>
  );
}

/** Schedules come while a worker is up: say so where none is. */
function Awake(props: IProps): React.ReactElement | null {
  const { events, onStart, serverSettings, trans } = props;
  const { answer } = useAsked<IStatus>('status', () => false, serverSettings, {
    events,
    about: event => event.type === 'platform'
  });
  if (!answer || answer.worker.running) {
    return null;
  }
  return (
    <Notice tone="warn" title={trans.__('No schedule comes now')}>
      <p>{trans.__('Schedules come while a worker is up, and none is.')}</p>
      <button
        type="button"
        className="jp-labline-plainButton"
        onClick={onStart}
      >
        {trans.__('Start the Platform')}
      </button>
    </Notice>
  );
}

type Act = (work: Promise<unknown>) => Promise<void>;

function List(
  props: IProps & {
    schedules: readonly ISchedule[];
    act: Act;
  }
): React.ReactElement {
  const { schedules, trans } = props;
  if (schedules.length === 0) {
    return (
      <section>
        <p>
          {trans.__(
            'No notebook is run by the clock yet. Choose “By the clock” in the dialog Run as Job, or type:'
          )}
        </p>
        <CommandLine
          text='labline schedules add NOTEBOOK --cron "0 6 * * *" --latest'
          trans={trans}
        />
      </section>
    );
  }
  return (
    <section className="jp-labline-whole">
      <table className="jp-labline-table jp-labline-schedules">
        <thead>
          <tr>
            <th scope="col">{trans.__('Schedule')}</th>
            <th scope="col">{trans.__('Rule')}</th>
            <th scope="col">{trans.__('Comes next')}</th>
            <th scope="col">{trans.__('Last job')}</th>
            <th scope="col">
              <span className="jp-sr-only">{trans.__('What to do')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {schedules.map(one => (
            <Row {...props} key={one.name} one={one} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row(props: IProps & { one: ISchedule; act: Act }): React.ReactElement {
  const { one, onOpen, trans } = props;
  const { error, job } = one;
  const given = parameters(one.parameters);
  return (
    <tr>
      <th scope="row">
        {one.name}
        <p className="jp-labline-quiet" title={given}>
          {one.runs === 'latest'
            ? trans.__('%1, as it is saved then', one.notebook)
            : trans.__('%1, as it was when added', one.notebook)}
        </p>
      </th>
      <td data-word>
        <code>{one.cron}</code>
        <p className="jp-labline-quiet">{one.timezone}</p>
      </td>
      <td>
        {one.next === null
          ? trans.__('paused')
          : inZone(one.next, one.timezone)}
      </td>
      <td>
        {error ? (
          <span data-mark="bad" title={error}>
            {error.split('\n', 1)[0]}
          </span>
        ) : job ? (
          <button
            type="button"
            className="jp-labline-name"
            onClick={() => onOpen(job)}
          >
            {jobId(job)}
          </button>
        ) : (
          '–'
        )}
      </td>
      <td data-word>
        <Verbs {...props} />
      </td>
    </tr>
  );
}

/** A moment as the clocks of a schedule's own time zone have it. */
function inZone(seconds: number, timeZone: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'short' } as const;
  const at = new Date(seconds * 1000);
  try {
    return at.toLocaleString(undefined, { ...style, timeZone });
  } catch {
    // The server knows more time zones than this browser.
    return at.toLocaleString(undefined, style);
  }
}

function Verbs(
  props: IProps & { one: ISchedule; act: Act }
): React.ReactElement {
  const { act, one, onOpen, serverSettings, trans } = props;
  const path = `schedules/${encodeURIComponent(one.name)}`;
  const ask = <T,>(verb: string) =>
    send<T>(`${path}/${verb}`, {}, serverSettings);
  const trigger = async () => {
    const { jobs } = await ask<ISubmitted>('trigger');
    jobs.forEach(job => onOpen(job.id));
  };
  const drop = async () => {
    const { button } = await showDialog({
      title: trans.__('Remove the schedule %1?', one.name),
      body: trans.__('It comes no more. The jobs that it has queued stay.'),
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: trans.__('Remove') })
      ]
    });
    if (button.accept) {
      await remove(path, serverSettings);
    }
  };
  const turn = one.paused ? 'resume' : 'pause';
  const verbs: readonly (readonly [string, () => Promise<unknown>])[] = [
    [trans.__('Run Now'), trigger],
    [one.paused ? trans.__('Resume') : trans.__('Pause'), () => ask(turn)],
    [trans.__('Remove'), drop]
  ];
  return (
    <div className="jp-labline-buttons">
      {verbs.map(([label, work]) => (
        <button
          key={label}
          type="button"
          className="jp-labline-plainButton"
          aria-label={trans.__('%1: %2', label, one.name)}
          onClick={() => void act(work())}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
