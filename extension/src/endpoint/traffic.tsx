import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asRequestError } from '../asking';
import { Field, ask } from '../dialog';
import type { RequestError } from '../request';
import { send } from '../request';
import { Failure } from '../sidebar/failure';
import type { IEndpointDetail, IShare } from './records';
import { Shadow } from './shadow';
import type { Known } from './view';

/**
 * Who answers which share of the requests, and what can be done with a candidate.
 */
export function Traffic(props: Known): React.ReactElement | null {
  const { detail, trans } = props;
  const { traffic } = detail;
  const candidate = candidateOf(detail);
  if (!candidate) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('On trial')}</h2>
      <div className="jp-labline-shares" aria-hidden>
        {traffic.map((share, index) => (
          <i
            key={share.release}
            data-series={index}
            style={{ flexGrow: share.weight }}
          />
        ))}
      </div>
      <ul className="jp-labline-shareNames">
        {traffic.map((share, index) => (
          <li key={share.release}>
            <i data-series={index} aria-hidden />
            <span>{share.model}</span>{' '}
            <b>
              {share.mirrored
                ? trans.__('a copy of each request')
                : `${share.weight} %`}
            </b>
          </li>
        ))}
      </ul>
      <Candidate {...props} candidate={candidate} />
      {candidate.mirrored > 0 && <Shadow {...props} />}
    </section>
  );
}

function candidateOf(detail: IEndpointDetail): IShare | undefined {
  return detail.traffic.find(share => share.release !== detail.live?.id);
}

function Candidate(props: Known & { candidate: IShare }): React.ReactElement {
  const { again, busy, candidate, name, serverSettings, trans } = props;
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const path = `endpoints/${encodeURIComponent(name)}/traffic`;
  const act = async (body: object) => {
    try {
      await send(path, body, serverSettings);
      setFailure(null);
    } catch (error) {
      setFailure(asRequestError(error));
    }
    again();
  };
  return (
    <>
      <div className="jp-labline-actions">
        <Weight
          key={`${candidate.release}-${candidate.weight}`}
          busy={busy}
          weight={candidate.weight}
          trans={trans}
          onChange={weight => void act({ action: 'shift', weight })}
        />
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          disabled={busy}
          onClick={() => void act({ action: 'finish' })}
        >
          {trans.__('Let %1 take over', candidate.model)}
        </button>
        <button
          type="button"
          className="jp-mod-styled jp-mod-warn"
          disabled={busy}
          onClick={() => void abort(props).then(done => done && again())}
        >
          {trans.__('Abort…')}
        </button>
      </div>
      {failure && (
        <div role="alert">
          <Failure failure={failure} at={0} trans={trans} />
        </div>
      )}
    </>
  );
}

/** Ask why a candidate is taken back, and have it stopped. */
function abort(props: Known & { candidate: IShare }): Promise<string | null> {
  const { candidate, detail, name, serverSettings, trans } = props;
  return ask<{ name: string; action: 'abort'; why: string }, string>({
    title: trans.__('Take back %1?', candidate.model),
    accept: trans.__('Abort the Trial'),
    warns: true,
    action: 'traffic',
    value: { name, action: 'abort', why: '' },
    trans,
    serverSettings,
    fields: (value, change) => [
      <p key="what">
        {trans.__(
          '%1 answers all requests again, and %2 stops.',
          detail.live?.model ?? '',
          candidate.model
        )}
      </p>,
      <Field
        key="why"
        label={trans.__('Why')}
        hint={trans.__('It is written into the ledger')}
      >
        <input
          value={value.why}
          onChange={event => change({ why: event.target.value })}
        />
      </Field>
    ],
    submit: async ({ action, why }) => {
      const path = `endpoints/${encodeURIComponent(name)}/traffic`;
      await send(path, { action, why }, serverSettings);
      return action;
    }
  });
}

/** The least and the most that a candidate can have. */
const [LEAST, MOST] = [1, 99];

function Weight(props: {
  busy: boolean;
  weight: number;
  trans: TranslationBundle;
  onChange: (weight: number) => void;
}): React.ReactElement {
  const { busy, onChange, trans, weight } = props;
  const [chosen, setChosen] = React.useState(weight);
  const change = () => chosen !== weight && onChange(Math.max(LEAST, chosen));
  return (
    <label className="jp-labline-weight">
      {trans.__('Candidate’s share')}
      <input
        type="range"
        min={weight === 0 ? 0 : LEAST}
        max={MOST}
        disabled={busy}
        value={chosen}
        onChange={event => setChosen(Number(event.target.value))}
        onPointerUp={change}
        onKeyUp={change}
      />
      <output>{chosen} %</output>
    </label>
  );
}
