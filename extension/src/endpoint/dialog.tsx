import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ask, Check, Field } from '../dialog';
import type { IEndpoint, IModel } from '../records';
import { request, send } from '../request';
import { choicesOf, endpointOf } from './choices';
import type { INewDeployment } from './records';

/** Percent of the traffic that a release has which is no canary. */
const ALL = 100;

interface IPage<T> {
  readonly items: readonly T[];
}

/**
 * Ask which model should be served where.
 *
 * @returns the endpoint's name, null where it was called off.
 */
export async function askForDeployment(options: {
  model: string | null;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}): Promise<string | null> {
  const { serverSettings, trans } = options;
  const [models, endpoints] = await Promise.all([
    request<IPage<IModel>>('models', {}, serverSettings),
    request<IPage<IEndpoint>>('endpoints', {}, serverSettings)
  ]);
  const choices = choicesOf(models.items);
  const model = options.model ?? choices[0] ?? '';
  return ask<INewDeployment, string>({
    title: trans.__('Deploy a model'),
    accept: trans.__('Deploy'),
    action: 'deployments',
    nothing: model
      ? ''
      : trans.__('There is no model yet. Promote a run to a stage first.'),
    value: { model, endpoint: null, canary: 0, shadow: false },
    trans,
    serverSettings,
    fields: (value, change) => (
      <Fields
        choices={choices}
        live={endpoints.items.map(one => one.name)}
        value={value}
        change={change}
        trans={trans}
      />
    ),
    submit: async value => {
      await send('deployments', value, serverSettings);
      return value.endpoint || endpointOf(value.model);
    }
  });
}

function Fields(props: {
  choices: readonly string[];
  live: readonly string[];
  value: INewDeployment;
  change: (part: Partial<INewDeployment>) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { change, choices, live, trans, value } = props;
  const name = value.endpoint || endpointOf(value.model);
  const taken = live.includes(name);
  return (
    <>
      <Field label={trans.__('Model')}>
        <select
          value={value.model}
          onChange={event => change({ model: event.target.value })}
        >
          {!choices.includes(value.model) && <option>{value.model}</option>}
          {choices.map(choice => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      </Field>
      <Field
        label={trans.__('Endpoint')}
        hint={
          taken
            ? trans.__('What it serves now goes on until the new one is ready.')
            : trans.__('A new endpoint; its key is shown once.')
        }
      >
        <input
          className="jp-mod-styled"
          placeholder={endpointOf(value.model)}
          value={value.endpoint ?? ''}
          onChange={event => change({ endpoint: event.target.value || null })}
        />
      </Field>
      {taken && (
        <Field
          label={trans.__('Share of the traffic')}
          hint={
            value.shadow
              ? trans.__('None: a shadow answers nobody')
              : value.canary
                ? trans.__(
                    '%1 % as a canary, beside the live one',
                    value.canary
                  )
                : trans.__('All of it')
          }
        >
          <input
            type="range"
            min={1}
            max={ALL}
            step={1}
            disabled={value.shadow}
            value={value.shadow ? 1 : value.canary || ALL}
            onChange={event =>
              change({ canary: Number(event.target.value) % ALL })
            }
          />
        </Field>
      )}
      {taken && (
        <Check
          label={trans.__('Shadow')}
          hint={trans.__('Gets a copy of each request, and answers nobody')}
          checked={value.shadow}
          onChange={shadow => change({ shadow, canary: 0 })}
        />
      )}
    </>
  );
}
