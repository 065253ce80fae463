import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { place } from '../format';
import type { IStatus } from '../records';
import { VERSION } from '../version';
import type { Mark } from './dot';
import { Dot } from './dot';
import { CommandLine, Notice, Prose } from './notice';

interface IProps {
  status: IStatus;
  trans: TranslationBundle;
}

/**
 * The stations that everything else needs, and what to do where one is away.
 */
export function Overview({ status, trans }: IProps): React.ReactElement {
  const { platform, tracking, worker } = status;
  return (
    <section className="jp-labline-overview" aria-label={trans.__('Status')}>
      <dl>
        <Fact
          name={trans.__('Platform')}
          mark={platform.running ? 'good' : 'off'}
          says={platform.running ? trans.__('running') : trans.__('stopped')}
        />
        <Fact
          name={trans.__('Worker')}
          mark={worker.running ? 'good' : platform.running ? 'warn' : 'off'}
          says={
            worker.running
              ? trans.__('ready for jobs')
              : platform.running
                ? trans.__('does not answer')
                : trans.__('stopped')
          }
        />
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
        {platform.running && platform.url && (
          <Fact
            name={trans.__('Gateway')}
            says={place(platform.url)}
            title={platform.url}
            code
          />
        )}
      </dl>
      <Advice status={status} trans={trans} />
    </section>
  );
}

function Fact(props: {
  name: string;
  says: string;
  mark?: Mark;
  code?: boolean;
  title?: string;
}): React.ReactElement {
  return (
    <div title={props.title}>
      <dt>{props.name}</dt>
      <dd>
        {props.mark && <Dot mark={props.mark} />}
        {props.code ? <code>{props.says}</code> : <span>{props.says}</span>}
      </dd>
    </div>
  );
}

function Advice({ status, trans }: IProps): React.ReactElement {
  const { platform, tracking, version, worker } = status;
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
        !platform.running && (
          <Notice tone="info" title={trans.__('The platform is not up')}>
            <p>
              {trans.__(
                'Queued jobs wait and endpoints do not answer until it is. Start it in a terminal:'
              )}
            </p>
            <CommandLine text="labline up" trans={trans} />
          </Notice>
        )
      )}
      {platform.running && !worker.running && (
        <Notice tone="warn" title={trans.__('No worker answers')}>
          <p>{trans.__('Queued jobs wait. To learn what is wrong:')}</p>
          <CommandLine text="labline doctor" trans={trans} />
        </Notice>
      )}
    </>
  );
}
