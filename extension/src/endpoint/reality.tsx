import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { place } from '../format';
import type { Agreement } from '../records';
import type { Mark } from '../sidebar/dot';
import { Dot } from '../sidebar/dot';
import { CommandLine, Notice } from '../sidebar/notice';
import type { IEndpointDetail, IInstance } from './records';
import type { Known } from './view';

const MARKS: Readonly<Record<Agreement, Mark>> = {
  agrees: 'good',
  differs: 'warn',
  'on trial': 'busy',
  silent: 'bad',
  unknown: 'warn',
  empty: 'off'
};

/**
 * What the registry names, what is recorded, and what the instances say: whether it is the same.
 */
export function Reality(props: Known): React.ReactElement {
  const { detail, trans } = props;
  const { agreement, model, registry, serving, stage } = detail.endpoint;
  const facts: readonly (readonly [string, string])[] = [
    [
      stage ? trans.__('Registry, %1', stage) : trans.__('Registry'),
      stage ? (registry ?? '–') : trans.__('follows no stage')
    ],
    [trans.__('Recorded as live'), model ?? '–'],
    [trans.__('Says it serves'), serving ?? '–']
  ];
  return (
    <section className="jp-labline-reality">
      <h2>{trans.__('Registry and reality')}</h2>
      <p className="jp-labline-says" data-word={agreement}>
        <Dot mark={MARKS[agreement] ?? 'off'} />
        <span>{detail.endpoint.says}</span>
      </p>
      <dl className="jp-labline-realFacts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <WaysOut {...props} />
    </section>
  );
}

/** What would make them agree, as buttons. */
function WaysOut(props: Known): React.ReactElement | null {
  const { busy, detail, run, trans } = props;
  const { agreement, registry, stage, state } = detail.endpoint;
  if (state === 'down') {
    return (
      <Notice tone="warn" title={trans.__('Nothing of it runs')}>
        <p>
          {trans.__(
            'The platform is down, or does not answer. What was live is brought up with it.'
          )}
        </p>
        <div className="jp-labline-actions">
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept"
            onClick={() => run(CommandIDs.start)}
          >
            {trans.__('Start the Platform')}
          </button>
        </div>
        <CommandLine text="labline up" trans={trans} />
      </Notice>
    );
  }
  if (state === 'crash loop') {
    return (
      <Notice tone="error" title={trans.__('It ends again and again')}>
        <p>
          {trans.__(
            'What it wrote last is in its log, and in .labline/logs. To go on with what served before, roll back.'
          )}
        </p>
        <CommandLine text="labline status" trans={trans} />
      </Notice>
    );
  }
  const live = detail.live?.model;
  const model = live?.split('/', 1)[0] ?? '';
  const candidate = detail.traffic.length > 1;
  if (agreement !== 'differs' || !stage || !live || candidate) {
    return agreement === 'empty' ? (
      <CommandLine text="labline deploy MODEL@STAGE" trans={trans} />
    ) : null;
  }
  return (
    <div className="jp-labline-actions">
      {registry && (
        <button
          type="button"
          className="jp-mod-styled"
          disabled={busy}
          title={trans.__('Serve what the registry names')}
          onClick={() => run(CommandIDs.deploy, { model: `${model}@${stage}` })}
        >
          {trans.__('Deploy %1…', registry)}
        </button>
      )}
      <button
        type="button"
        className="jp-mod-styled"
        disabled={busy}
        title={trans.__('Have the registry name what is served')}
        onClick={() => run(CommandIDs.promote, { candidate: live })}
      >
        {trans.__('Promote %1…', live)}
      </button>
    </div>
  );
}

const INSTANCE_MARKS: Readonly<Record<string, Mark>> = {
  ready: 'good',
  starting: 'busy',
  stopped: 'off',
  down: 'off',
  'wrong model': 'warn'
};

/**
 * The processes that answer: what each says it serves, and how well it is.
 */
export function Instances(props: {
  detail: IEndpointDetail;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { detail, trans } = props;
  const { elsewhere, instances } = detail;
  if (instances.length + elsewhere.length === 0) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('Instances')}</h2>
      <div className="jp-labline-whole">
        <table className="jp-labline-table">
          <thead>
            <tr>
              <th>{trans.__('instance')}</th>
              <th>{trans.__('says it serves')}</th>
              <th>{trans.__('state')}</th>
              <th>{trans.__('for the gateway')}</th>
              <th data-numeric>{trans.__('restarts')}</th>
              <th>{trans.__('host')}</th>
            </tr>
          </thead>
          <tbody>
            {instances.map(one => (
              <Instance
                key={`${one.release}-${one.number}`}
                instance={one}
                detail={detail}
                trans={trans}
              />
            ))}
            {elsewhere.map(one => (
              <tr key={one.id}>
                <td>{trans.__('release %1', one.id)}</td>
                <td>{one.model}</td>
                <td>{trans.__('recorded as live there')}</td>
                <td>–</td>
                <td data-numeric>–</td>
                <td>{one.host}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Instance(props: {
  instance: IInstance;
  detail: IEndpointDetail;
  trans: TranslationBundle;
}): React.ReactElement {
  const { detail, instance, trans } = props;
  const { model, number, port, release, restarts, serving, state } = instance;
  const wrong = serving !== null && serving !== model;
  const host = detail.releases.find(one => one.id === release)?.host;
  return (
    <tr>
      <td data-word title={`127.0.0.1:${port}`}>
        {trans.__('release %1, no. %2', release, number)}
      </td>
      <td data-mark={wrong ? 'bad' : undefined}>{serving ?? '–'}</td>
      <td data-word>
        <Dot mark={INSTANCE_MARKS[state] ?? 'bad'} /> {state}
      </td>
      <td data-word>{healthOf(instance.healthy, trans)}</td>
      <td data-numeric data-mark={restarts ? 'open' : undefined}>
        {restarts}
      </td>
      <td data-word>
        {host || place(detail.endpoint.url).split(/[:/]/, 1)[0]}
      </td>
    </tr>
  );
}

function healthOf(healthy: boolean | null, trans: TranslationBundle): string {
  if (healthy === null) {
    return trans.__('not known');
  }
  return healthy ? trans.__('healthy') : trans.__('left out');
}
