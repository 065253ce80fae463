import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ask, Check, Field } from '../dialog';
import { metric, metricsOf } from '../format';
import type { IModel, IRun, IStatus } from '../records';
import { request, send } from '../request';
import type { IOffer } from './offers';
import { firstOf, offerOf } from './offers';
import type { INewPromotion } from './records';

/** How many of the newest runs are offered. */
const RUNS = 30;

interface IPage<T> {
  readonly items: readonly T[];
}

/**
 * Ask which model should hold which stage.
 *
 * @returns the promotion's id, null where it was called off.
 */
export async function askForPromotion(options: {
  candidate: string | null;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}): Promise<string | null> {
  const { serverSettings, trans } = options;
  const offer = await offered(serverSettings);
  const candidate = options.candidate ?? firstOf(offer);
  const accepted = await ask<INewPromotion, { id: string }>({
    title: trans.__('Promote a model'),
    accept: trans.__('Promote'),
    action: 'promotions',
    ci: true,
    nothing: candidate ? whyNot(offer, trans) : noModel(trans),
    value: {
      candidate,
      to: offer.stages[0]?.name ?? '',
      dry_run: false
    },
    trans,
    serverSettings,
    fields: (value, change) => (
      <Fields offer={offer} value={value} change={change} trans={trans} />
    ),
    submit: value => send('promotions', value, serverSettings)
  });
  return accepted?.id ?? null;
}

function noModel(trans: TranslationBundle): string {
  return trans.__(
    'No run has logged a model yet. In a recorded notebook: `%log --model model --data X_test,y_test`'
  );
}

/** Why no model can be promoted anywhere; empty where one can. */
function whyNot(offer: IOffer, trans: TranslationBundle): string {
  return offer.stages.length
    ? ''
    : trans.__(
        'The policy has no stage to promote to. Add one to `labline.toml`, such as `[stages.staging]`.'
      );
}

async function offered(
  serverSettings: ServerConnection.ISettings
): Promise<IOffer> {
  const [status, runs, models] = await Promise.all([
    request<IStatus>('status', {}, serverSettings),
    request<IPage<IRun>>('runs', { limit: RUNS }, serverSettings),
    request<IPage<IModel>>('models', {}, serverSettings)
  ]);
  return offerOf(status.stages, runs.items, models.items);
}

function Fields(props: {
  offer: IOffer;
  value: INewPromotion;
  change: (part: Partial<INewPromotion>) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { change, offer, trans, value } = props;
  return (
    <>
      <Field label={trans.__('Candidate')}>
        <select
          value={value.candidate}
          onChange={event => change({ candidate: event.target.value })}
        >
          <Candidates offer={offer} chosen={value.candidate} trans={trans} />
        </select>
      </Field>
      <Field
        label={trans.__('Stage')}
        hint={trans.__('Its gates are in labline.toml.')}
      >
        <select
          value={value.to}
          onChange={event => change({ to: event.target.value })}
        >
          {offer.stages.map(stage => (
            <option key={stage.name}>{stage.name}</option>
          ))}
        </select>
      </Field>
      <Check
        label={trans.__('Dry run')}
        hint={trans.__('Judge it, and change nothing')}
        checked={value.dry_run}
        onChange={dry_run => change({ dry_run })}
      />
    </>
  );
}

function Candidates(props: {
  offer: IOffer;
  chosen: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { chosen, offer, trans } = props;
  const models = offer.models.flatMap(model => [
    ...Object.keys(model.stages).map(stage => `${model.name}@${stage}`),
    ...(model.latest === null ? [] : [`${model.name}/${model.latest}`])
  ]);
  const known = new Set([
    ...offer.metrics.map(name => `best:${name}`),
    ...offer.runs.map(run => run.id),
    ...models
  ]);
  return (
    <>
      {!known.has(chosen) && <option>{chosen}</option>}
      <optgroup label={trans.__('The best run')}>
        {offer.metrics.map(name => (
          <option key={name} value={`best:${name}`}>
            {trans.__('the best %1', name)}
          </option>
        ))}
      </optgroup>
      <optgroup label={trans.__('Runs')}>
        {offer.runs.map(run => (
          <option key={run.id} value={run.id}>
            {nameOf(run)}
          </option>
        ))}
      </optgroup>
      <optgroup label={trans.__('Models')}>
        {models.map(name => (
          <option key={name}>{name}</option>
        ))}
      </optgroup>
    </>
  );
}

function nameOf(run: IRun): string {
  const [first] = metricsOf(run.metrics);
  const name = `${run.name} ${run.id.slice(0, 8)}`;
  return first ? `${name} · ${first[0]} ${metric(first[1])}` : name;
}
