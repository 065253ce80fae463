import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ask } from '../dialog';
import { moment } from '../format';
import { send } from '../request';
import type { IRelease } from './records';
import type { Known } from './view';

/**
 * What was deployed here, newest first, and the way back.
 */
export function Releases(props: Known): React.ReactElement | null {
  const { again, busy, detail, trans } = props;
  const { live, previous, releases, traffic } = detail;
  if (releases.length === 0) {
    return null;
  }
  const why = whyNot(live, previous, traffic.length > 1, trans);
  return (
    <section>
      <div className="jp-labline-head jp-labline-releasesHead">
        <h2>{trans.__('Releases')}</h2>
        <div className="jp-labline-actions">
          {why && <span className="jp-labline-quiet">{why}</span>}
          <button
            type="button"
            className="jp-mod-styled jp-mod-reject"
            disabled={busy || why !== ''}
            title={why ? undefined : trans.__('Bring back %1', previous?.model)}
            onClick={() => void rollBack(props).then(done => done && again())}
          >
            {trans.__('Roll back…')}
          </button>
        </div>
      </div>
      <div className="jp-labline-whole">
        <table className="jp-labline-table">
          <thead>
            <tr>
              <th>{trans.__('release')}</th>
              <th>{trans.__('model')}</th>
              <th>{trans.__('state')}</th>
              <th>{trans.__('deployed')}</th>
              <th>{trans.__('by')}</th>
            </tr>
          </thead>
          <tbody>
            {releases.map(one => (
              <Row
                key={one.id}
                release={one}
                note={noteOf(one, live, previous, trans)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Why nothing can be rolled back; empty where it can. */
function whyNot(
  live: IRelease | null,
  previous: IRelease | null,
  trial: boolean,
  trans: TranslationBundle
): string {
  if (!previous) {
    return live
      ? trans.__('Nothing older than %1 is left to go back to.', live.model)
      : trans.__('Nothing is live.');
  }
  return trial ? trans.__('First let the trial end, or abort it.') : '';
}

function noteOf(
  one: IRelease,
  live: IRelease | null,
  previous: IRelease | null,
  trans: TranslationBundle
): string {
  if (one.id === previous?.id && one.id !== live?.id) {
    return trans.__('a rollback brings it back');
  }
  return one.reason;
}

const TONES: Readonly<Record<string, string>> = {
  live: 'good',
  candidate: 'open',
  failed: 'bad'
};

function Row(props: { release: IRelease; note: string }): React.ReactElement {
  const { note, release } = props;
  const { actor, created, id, model, state } = release;
  const locale = document.documentElement.lang || undefined;
  return (
    <tr>
      <td>{id}</td>
      <td data-name>{model}</td>
      <td>
        <span data-mark={TONES[state]}>{state}</span>
        {note && (
          <span className="jp-labline-note" title={note}>
            {note}
          </span>
        )}
      </td>
      <td data-word>
        <time
          dateTime={new Date(created * 1000).toISOString()}
          title={moment(created, locale)}
        >
          {moment(created, locale, 'short')}
        </time>
      </td>
      <td data-name>{actor}</td>
    </tr>
  );
}

/** Ask whether what served before should be back; another one may have asked by then. */
function rollBack(props: Known): Promise<string | null> {
  const { detail, name, serverSettings, trans } = props;
  const { live, previous } = detail;
  return ask<{ name: string; release: number | null }, string>({
    title: trans.__('Roll back %1?', name),
    accept: trans.__('Roll back'),
    warns: true,
    action: 'rollback',
    value: { name, release: live?.id ?? null },
    trans,
    serverSettings,
    fields: () => (
      <p>
        {trans.__(
          '%1 is started and proven first; until then %2 goes on.',
          previous?.model ?? '',
          live?.model ?? ''
        )}
      </p>
    ),
    submit: async ({ release }) => {
      const path = `endpoints/${encodeURIComponent(name)}/rollback`;
      await send(path, { release }, serverSettings);
      return name;
    }
  });
}
