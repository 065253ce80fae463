import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import { useAsked } from '../asking';
import { moment } from '../format';
import { Failure } from '../sidebar/failure';
import { CopyButton, Notice, Prose } from '../sidebar/notice';
import type { IEvent, IEvents } from '../tokens';
import { Charts } from './charts';
import { Drift } from './drift';
import { Instances, Reality } from './reality';
import type { IDeployment, IEndpointDetail } from './records';
import { Releases } from './releases';
import { Traffic } from './traffic';
import { Trying } from './trying';

/** Runs one of JupyterLab's commands. */
export type Run = (command: string, args?: ReadonlyPartialJSONObject) => void;

export interface IEndpointProps {
  events: IEvents;
  name: string;
  run: Run;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}

/** An endpoint of which something is known. */
export type Known = IEndpointProps & {
  detail: IEndpointDetail;
  /** Whether something is being done to it. */
  busy: boolean;
  /** Ask now: something was asked to be done. */
  again: () => void;
};

/**
 * One endpoint: what it serves and should serve, who has which share of its traffic, how it
 * answers, how to ask it, and what served before.
 */
export function Endpoint(props: IEndpointProps): React.ReactElement {
  const { events, name, serverSettings, trans } = props;
  const path = encodeURIComponent(name);
  const work = useAsked<readonly IDeployment[]>(
    `deployments?endpoint=${path}`,
    found => found.some(isUnderWay),
    serverSettings,
    { events, about: event => isWorkOn(name, event) }
  );
  const asked = useAsked<IEndpointDetail>(
    `endpoints/${path}`,
    () => work.answer?.some(isUnderWay) ?? true,
    serverSettings,
    {
      events,
      about: event =>
        (event.type === 'endpoint' && event.id === name) ||
        isWorkOn(name, event)
    }
  );
  const { answer: detail, failure } = asked;
  const newest = work.answer?.[0];
  const busy = newest !== undefined && isUnderWay(newest);
  const again = () => {
    asked.again();
    work.again();
  };
  return (
    <>
      <Head {...props} detail={detail} newest={newest} />
      {newest?.failure && <Failed {...props} detail={detail} newest={newest} />}
      {failure && !busy && <Failure failure={failure} at={0} trans={trans} />}
      {!detail && !failure && (
        <p className="jp-labline-quiet" role="status">
          {trans.__('Looking for the endpoint…')}
        </p>
      )}
      {detail && <Body {...props} {...{ again, busy, detail }} />}
      <Timeline work={work.answer ?? []} trans={trans} />
    </>
  );
}

function Body(props: Known): React.ReactElement {
  const { detail } = props;
  return (
    <>
      <Reality {...props} />
      <Traffic {...props} />
      {detail.live && detail.endpoint.state !== 'down' && <Charts {...props} />}
      {detail.live && <Drift {...props} />}
      <Instances {...props} />
      {detail.live && <Trying {...props} />}
      <Releases {...props} />
    </>
  );
}

function isUnderWay(one: IDeployment): boolean {
  return one.state === 'queued' || one.state === 'running';
}

/** Whether an event tells of a deployment, a rollback or a shift on an endpoint. */
function isWorkOn(name: string, event: IEvent): boolean {
  const work = event.data as IDeployment | null;
  return event.type === 'deployment' && work?.endpoint === name;
}

function Head(
  props: IEndpointProps & {
    detail: IEndpointDetail | null;
    newest?: IDeployment;
  }
): React.ReactElement {
  const { detail, name, newest, trans } = props;
  const busy = newest !== undefined && isUnderWay(newest);
  const { state, url } = detail?.endpoint ?? {};
  return (
    <div className="jp-labline-head">
      <h1>
        <span title={name}>{name}</span>
      </h1>
      <span
        className="jp-labline-state"
        data-state={busy ? 'running' : state}
        role="status"
      >
        {busy ? newest.progress || trans.__('queued') : (state ?? '…')}
      </span>
      {url && (
        <p className="jp-labline-quiet jp-labline-address">
          <code>{url}</code>
          <CopyButton text={url} trans={trans} />
        </p>
      )}
      {busy && <progress aria-label={newest.progress || trans.__('queued')} />}
    </div>
  );
}

/** Why what was asked for last came to nothing, and what goes on all the same. */
function Failed(props: {
  detail: IEndpointDetail | null;
  newest: IDeployment;
  trans: TranslationBundle;
}): React.ReactElement {
  const { detail, newest, trans } = props;
  const { actor, asked, failure } = newest;
  const live = detail?.live;
  return (
    <div role="alert">
      <Notice tone="error" title={failure?.message ?? ''}>
        <Prose text={failure?.fix ?? ''} />
        <p className="jp-labline-quiet">
          {trans.__(
            'On %1, %2 asked for %3.',
            moment(asked),
            actor,
            workOf(newest, trans)
          )}
          {live && ` ${trans.__('%1 stays live.', live.model)}`}
        </p>
      </Notice>
    </div>
  );
}

/** What was asked for, in words: `a rollback to churn/1`. */
function workOf(one: IDeployment, trans: TranslationBundle): string {
  const { kind, model } = one;
  if (!model) {
    return kind;
  }
  switch (kind) {
    case 'rollback':
      return trans.__('a rollback to %1', model);
    case 'shift':
      return trans.__('another share for %1', model);
    default:
      return trans.__('a %1 of %2', kind, model);
  }
}

/** What people asked for, newest first. */
function Timeline(props: {
  work: readonly IDeployment[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { trans, work } = props;
  if (work.length === 0) {
    return null;
  }
  const locale = document.documentElement.lang || undefined;
  return (
    <section>
      <h2>{trans.__('Timeline')}</h2>
      <ol className="jp-labline-timeline">
        {work.map(one => (
          <li key={one.id}>
            <time dateTime={new Date(one.asked * 1000).toISOString()}>
              {moment(one.asked, locale)}
            </time>
            <span>
              <b>{one.actor}</b> {trans.__('asked for %1', workOf(one, trans))}
              {' · '}
              <span data-mark={one.state === 'failed' ? 'bad' : undefined}>
                {one.state}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
