import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError, useAsked } from '../asking';
import { lasting, moment } from '../format';
import type { RequestError } from '../request';
import { request } from '../request';
import { Dot } from '../sidebar/dot';
import { Failure } from '../sidebar/failure';
import { CommandLine, Notice } from '../sidebar/notice';
import { Columns, OUTCOME_MARKS } from './columns';
import { Fix } from './fix';
import { Labels } from './labels';
import { Looks, asker } from './looks';
import type {
  IDeployment,
  IDriftReport,
  ILook,
  IMonitored,
  IRealisedReport
} from './records';
import { Renewal } from './renewal';
import { AGAIN, Unwatched } from './unwatched';
import type { Known } from './view';

/**
 * Whether what an endpoint is asked is still like what its model was fitted on.
 *
 * What is kept of looks is told by events; a look by the button is as `labline drift` and
 * `labline labels`: it changes nothing, and nobody is told of it.
 */
export function Drift(props: Known): React.ReactElement {
  const { events, name, run, serverSettings, trans } = props;
  const path = `endpoints/${encodeURIComponent(name)}`;
  const asked = useAsked<IMonitored>(
    `${path}/monitor`,
    () => false,
    serverSettings,
    {
      events,
      about: ({ data, id, type }) =>
        (type === 'monitor' && id === name) ||
        type === 'promotion' ||
        (type === 'deployment' &&
          (data as IDeployment | null)?.endpoint === name)
    }
  );
  const own = useLook(path, props);
  const { answer: known, failure } = asked;
  const look = newest(own.look, known?.look ?? null, known?.model);
  return (
    <section className="jp-labline-drift">
      <div className="jp-labline-head jp-labline-releasesHead">
        <h2>{trans.__('Drift')}</h2>
        <div className="jp-labline-actions">
          <button
            type="button"
            className="jp-mod-styled"
            // The focus stays on it, which it would not if it were disabled.
            aria-disabled={own.busy || undefined}
            title={trans.__(
              'Hold what it was asked against the training set, now'
            )}
            onClick={own.ask}
          >
            {own.busy ? trans.__('Looking…') : trans.__('Look Now')}
          </button>
        </div>
      </div>
      {[own.failure, known ? null : failure].map(
        (one, at) =>
          one && (
            <div key={at} role="alert">
              <Failure failure={one} at={0} trans={trans} />
            </div>
          )
      )}
      {!known && !failure && (
        <p className="jp-labline-quiet" role="status">
          {trans.__('Asking what looks have found…')}
        </p>
      )}
      {known?.failure && (
        <Notice tone="error" title={known.failure.message}>
          <Fix fix={known.failure.fix} trans={trans} />
          <p className="jp-labline-quiet">
            {trans.__('The last look failed by this.')}
          </p>
        </Notice>
      )}
      {known?.renewal && (
        <Renewal renewal={known.renewal} run={run} trans={trans} />
      )}
      {look && <Found {...{ known, look, name, trans }} />}
      {known && <Unwatched known={known} look={look} trans={trans} />}
      {known && <Looks history={known.history} trans={trans} />}
      <div className="jp-labline-equal">
        <span className="jp-labline-quiet">
          {trans.__('The same look in a terminal:')}
        </span>
        <CommandLine text={`labline drift ${name}`} trans={trans} />
      </div>
    </section>
  );
}

/** What one look has found. */
function Found(props: {
  known: IMonitored | null;
  look: ILook;
  name: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { known, look, name, trans } = props;
  const { drift, realised } = look;
  const judged = drift.columns.length > 0;
  return (
    <>
      {judged ? (
        <>
          <p className="jp-labline-says" role="status">
            <Dot
              mark={OUTCOME_MARKS[drift.outcome] ?? 'off'}
              label={drift.outcome}
            />
            <span>{drift.says}</span>
          </p>
          <Fix fix={drift.fix} trans={trans} />
        </>
      ) : (
        <div role="status">
          <Notice tone="info" title={drift.says}>
            <Fix fix={drift.fix} trans={trans} />
            {known && known.capture > 0 && drift.requests === 0 && (
              <>
                <p>
                  {trans.__(
                    'Was it deployed before the prediction log was turned on? Then start again what serves:'
                  )}
                </p>
                <CommandLine text={AGAIN} trans={trans} />
              </>
            )}
          </Notice>
        </div>
      )}
      <p className="jp-labline-quiet">{about(look, trans)}</p>
      {judged && (
        <Columns
          report={drift}
          trails={known?.trails ?? []}
          kept={look.by !== ''}
          trans={trans}
        />
      )}
      <Labels name={name} report={realised} trans={trans} />
    </>
  );
}

/** Who looked, when, and at what. */
function about({ by, drift }: ILook, trans: TranslationBundle): string {
  const locale = document.documentElement.lang || undefined;
  const when = trans.__(
    'Looked at %1, %2, back for %3: ',
    moment(drift.at, locale, 'short'),
    by ? asker(by, trans) : trans.__('now and not kept'),
    lasting(drift.until - drift.since)
  );
  const what = trans._n(
    '%1 request to %2',
    '%1 requests to %2',
    drift.requests,
    drift.model
  );
  const against = drift.reference && trans.__(', beside %1', drift.reference);
  return `${when}${what}${against}.`;
}

/** The look that says most of what is live now. */
function newest(
  own: ILook | null,
  kept: ILook | null,
  model: string | null | undefined
): ILook | null {
  const mine = own && (!model || own.drift.model === model) ? own : null;
  return mine && kept ? (mine.at > kept.at ? mine : kept) : (mine ?? kept);
}

interface IOwn {
  look: ILook | null;
  failure: RequestError | null;
  busy: boolean;
  ask: () => void;
}

/** A look that somebody asks for here. */
function useLook(path: string, { serverSettings }: Known): IOwn {
  const [look, setLook] = React.useState<ILook | null>(null);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const [busy, setBusy] = React.useState(false);
  const ask = async () => {
    if (busy) {
      return;
    }
    setBusy(true);
    try {
      const [drift, realised] = await Promise.all([
        request<IDriftReport>(`${path}/drift`, {}, serverSettings),
        request<IRealisedReport>(`${path}/labels`, {}, serverSettings)
      ]);
      setLook({ at: drift.at, by: '', drift, realised });
      setFailure(null);
    } catch (error) {
      setFailure(asRequestError(error));
    }
    setBusy(false);
  };
  return { look, failure, busy, ask: () => void ask() };
}
