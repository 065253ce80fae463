import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { place } from '../format';
import type { IPlatformStep, IStatus, ProcessState } from '../records';
import { VERSION } from '../version';
import type { Mark } from './dot';
import { Dot } from './dot';
import { CommandLine, Notice, Prose } from './notice';
import { RunCommand } from './running';

interface IProps {
  status: IStatus;
  /** What the platform is being asked to do. */
  step: IPlatformStep | null;
  trans: TranslationBundle;
}

/** How a station stands, in a word. */
interface IStanding {
  mark: Mark;
  says: string;
  code?: boolean;
  title?: string;
}

/**
 * The stations that everything else needs, and what to do where one is away.
 */
export function Overview({ status, step, trans }: IProps): React.ReactElement {
  const { platform, tracking } = status;
  return (
    <section className="jp-labline-overview" aria-label={trans.__('Status')}>
      <dl>
        <Fact
          name={trans.__('Platform')}
          mark={platform.running ? 'good' : 'off'}
          says={platform.running ? trans.__('running') : trans.__('stopped')}
        />
        <Fact name={trans.__('Worker')} {...worker(status, trans)} />
        <Fact
          name={trans.__('Tracking')}
          mark={tracking.reachable ? 'good' : 'bad'}
          says={
            tracking.reachable
              ? trans.__('reachable')
              : trans.__('cannot be reached')
          }
          title={tracking.uri}
        />
        {platform.running && (
          <Fact name={trans.__('Gateway')} {...gateway(status, trans)} />
        )}
      </dl>
      <Advice status={status} step={step} trans={trans} />
    </section>
  );
}

function worker(status: IStatus, trans: TranslationBundle): IStanding {
  const { platform } = status;
  if (status.worker.running) {
    return { mark: 'good', says: trans.__('ready for jobs') };
  }
  return standing(platform.running ? platform.worker : 'down', trans);
}

function gateway(status: IStatus, trans: TranslationBundle): IStanding {
  const { gateway, url } = status.platform;
  return gateway === 'ready' && url
    ? { mark: 'good', says: place(url), code: true, title: url }
    : standing(gateway, trans);
}

function standing(
  state: ProcessState | undefined,
  trans: TranslationBundle
): IStanding {
  switch (state) {
    case 'starting':
      return { mark: 'busy', says: trans.__('starting') };
    case 'crash loop':
      return { mark: 'bad', says: trans.__('crashes again and again') };
    case 'stopped':
    case 'down':
      return { mark: 'off', says: trans.__('stopped') };
    default:
      return { mark: 'warn', says: trans.__('does not answer') };
  }
}

function Fact(props: IStanding & { name: string }): React.ReactElement {
  return (
    <div title={props.title}>
      <dt>{props.name}</dt>
      <dd>
        <Dot mark={props.mark} />
        {props.code ? <code>{props.says}</code> : <span>{props.says}</span>}
      </dd>
    </div>
  );
}

function Advice({ status, step, trans }: IProps): React.ReactElement {
  const { platform, tracking, version } = status;
  return (
    <>
      {version !== VERSION && (
        <Notice tone="warn" title={trans.__('Two versions of labline')}>
          <p>
            {trans.__(
              'This page is %1, the server is %2. Reload the page; if that does not help, restart JupyterLab.',
              VERSION,
              version
            )}
          </p>
        </Notice>
      )}
      {!tracking.reachable && (
        <Notice
          tone="error"
          title={tracking.message ?? trans.__('Tracking cannot be reached')}
        >
          <Prose text={tracking.fix ?? ''} />
        </Notice>
      )}
      {platform.error ? (
        <Notice tone="error" title={platform.message ?? platform.error}>
          <Prose text={platform.fix ?? ''} />
        </Notice>
      ) : (
        !platform.running && <Down step={step} trans={trans} />
      )}
      {platform.problem && (
        <Notice tone="warn" title={trans.__('Something is wrong')}>
          <Prose text={platform.problem} />
        </Notice>
      )}
      {isAlone(status) && (
        <Notice tone="warn" title={trans.__('No worker answers')}>
          <p>{trans.__('Queued jobs wait. To learn what is wrong:')}</p>
          <CommandLine text="labline doctor" trans={trans} />
        </Notice>
      )}
    </>
  );
}

/** The platform is not up: what that means, and the button that starts it. */
function Down(props: {
  step: IPlatformStep | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { step, trans } = props;
  if (step?.doing === 'start') {
    return (
      <Notice tone="info" title={trans.__('The platform is starting')}>
        <p>
          {trans.__(
            'The worker, the gateway and what was served come up. It takes some seconds.'
          )}
        </p>
        <progress aria-label={trans.__('The platform is starting')} />
      </Notice>
    );
  }
  if (step?.doing === 'stop') {
    return (
      <Notice tone="info" title={trans.__('The platform is stopping')}>
        <progress aria-label={trans.__('The platform is stopping')} />
      </Notice>
    );
  }
  const { failure } = step ?? {};
  return failure ? (
    <div role="alert">
      <Notice tone="error" title={failure.message}>
        <Prose text={failure.fix} />
        <Start label={trans.__('Try Again')} />
      </Notice>
    </div>
  ) : (
    <Notice tone="info" title={trans.__('The platform is not up')}>
      <p>
        {trans.__(
          'Queued jobs wait and endpoints do not answer until its worker and its gateway are. They go on when JupyterLab is closed.'
        )}
      </p>
      <Start label={trans.__('Start')} />
      <p className="jp-labline-quiet">{trans.__('The same in a terminal:')}</p>
      <CommandLine text="labline up" trans={trans} />
    </Notice>
  );
}

function Start(props: { label: string }): React.ReactElement {
  const run = React.useContext(RunCommand);
  return (
    <button
      type="button"
      className="jp-labline-plainButton jp-mod-accept"
      onClick={() => run(CommandIDs.start, {})}
    >
      {props.label}
    </button>
  );
}

/** Whether the platform is up without a worker, and has not said why. */
function isAlone({ platform, worker }: IStatus): boolean {
  const starting = platform.worker === 'starting';
  return platform.running && !worker.running && !starting && !platform.problem;
}
