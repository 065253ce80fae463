import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CommandIDs } from '../commands';
import {
  candidateName,
  fileName,
  metric,
  metricsOf,
  parameters,
  place
} from '../format';
import type { IEndpoint, IJob, IModel, IPromotionRow, IRun } from '../records';
import type { Mark } from './dot';
import { Chosen } from './comparing';
import { CopyButton } from './notice';
import type { ITimed } from './row';
import { Row, When } from './row';

/** How many metrics of a run a row begins with; its tooltip has them all. */
const METRICS = 3;

/** A run: its name, when it began, and its first metrics. */
export function RunRow(props: ITimed & { run: IRun }): React.ReactElement {
  const { now, run, trans } = props;
  const [mark, says] = markOfRun(run.status, trans);
  const choice = React.useContext(Chosen);
  const box = React.useId();
  const name = run.name || run.id.slice(0, 8);
  const metrics = metricsOf(run.metrics);
  const every = metrics
    .map(([name, value]) => `${name} ${metric(value)}`)
    .join('\n');
  return (
    <Row
      mark={mark}
      says={says}
      name={name}
      title={`${run.name}\n${run.id}`}
      ticks={box}
      before={
        <input
          type="checkbox"
          className="jp-labline-choose"
          id={box}
          checked={choice.has(run.id)}
          aria-label={trans.__('Choose %1 for comparison', name)}
          title={trans.__('Choose for comparison')}
          onChange={event =>
            choice.set(
              run.id,
              event.target.checked,
              (event.nativeEvent as MouseEvent).shiftKey
            )
          }
        />
      }
      aside={<When at={run.started} now={now} />}
    >
      {(metrics.length > 0 || run.model_uri) && (
        <div className="jp-labline-detail" data-line>
          <span className="jp-labline-metrics" title={every}>
            {metrics.slice(0, METRICS).map(([name, value]) => (
              <span key={name} className="jp-labline-metric">
                {name} <b>{metric(value)}</b>
              </span>
            ))}
          </span>
          {run.model_uri && (
            <span className="jp-labline-chip">{trans.__('model')}</span>
          )}
        </div>
      )}
    </Row>
  );
}

function markOfRun(status: string, trans: TranslationBundle): [Mark, string] {
  switch (status) {
    case 'FINISHED':
      return ['good', trans.__('finished')];
    case 'FAILED':
      return ['bad', trans.__('failed')];
    case 'KILLED':
      return ['off', trans.__('stopped')];
    default:
      return ['busy', trans.__('running')];
  }
}

export const JOB_MARKS: Readonly<Record<string, Mark>> = {
  queued: 'off',
  running: 'busy',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'off'
};

/** A job: its notebook and parameters, how far it is, and why it failed. */
export function JobRow(props: ITimed & { job: IJob }): React.ReactElement {
  const { job, now, trans } = props;
  const says = sayJob(trans)[job.status] ?? job.status;
  const given = parameters(job.parameters);
  const [done, all] = job.progress;
  return (
    <Row
      mark={JOB_MARKS[job.status] ?? 'off'}
      says={says}
      name={fileName(job.notebook)}
      title={`${job.notebook}\n${job.id}`}
      opens={[CommandIDs.openJob, { id: job.id }]}
      aside={<When at={job.ended ?? job.started ?? job.created} now={now} />}
    >
      {job.status === 'running' && all > 0 && (
        <progress
          value={done}
          max={all}
          aria-label={trans.__('%1 of %2 cells', done, all)}
          title={trans.__('%1 of %2 cells', done, all)}
        />
      )}
      {job.status === 'failed' ? (
        <div className="jp-labline-detail" data-mark="bad" title={job.error}>
          {job.error.split('\n', 1)[0] || says}
        </div>
      ) : (
        <div className="jp-labline-detail" title={given}>
          <span className="jp-labline-metric">
            {job.status === 'succeeded' ? given || says : says}
            {job.status !== 'succeeded' && given && ` · ${given}`}
          </span>
        </div>
      )}
    </Row>
  );
}

export function sayJob(
  trans: TranslationBundle
): Record<IJob['status'], string> {
  return {
    queued: trans.__('queued'),
    running: trans.__('running'),
    succeeded: trans.__('succeeded'),
    failed: trans.__('failed'),
    cancelled: trans.__('cancelled')
  };
}

/** A model: its newest version, and which version holds which stage. */
export function ModelRow(
  props: ITimed & { model: IModel }
): React.ReactElement {
  const { model, now, trans } = props;
  const stages = Object.entries(model.stages);
  const newest = `${model.name}/${model.latest}`;
  return (
    <Row
      name={model.name}
      title={trans.__('%1: promote', newest)}
      opens={
        model.latest === null
          ? undefined
          : [CommandIDs.promote, { candidate: newest }]
      }
      aside={model.created !== null && <When at={model.created} now={now} />}
    >
      <div className="jp-labline-detail">
        {model.latest !== null && (
          <span className="jp-labline-metric">
            {trans.__('newest')} <b>{model.latest}</b>
          </span>
        )}
        {stages.map(([stage, version]) => (
          <span key={stage} className="jp-labline-chip" data-held>
            {stage} <b>{version}</b>
          </span>
        ))}
        {stages.length === 0 && (
          <span className="jp-labline-quiet">{trans.__('holds no stage')}</span>
        )}
      </div>
      {model.served
        .filter(one => !one.agrees)
        .map(one => (
          <div
            key={one.endpoint}
            className="jp-labline-detail"
            data-mark="warn"
          >
            {one.serving
              ? trans.__(
                  '%1 says it serves %2, recorded is %3',
                  one.endpoint,
                  one.serving,
                  `${model.name}/${one.recorded}`
                )
              : trans.__(
                  '%1 does not answer; recorded is %2',
                  one.endpoint,
                  `${model.name}/${one.recorded}`
                )}
          </div>
        ))}
    </Row>
  );
}

const PROMOTION_MARKS: Readonly<Record<string, Mark>> = {
  queued: 'busy',
  running: 'busy',
  promoted: 'good',
  'needs approval': 'warn',
  refused: 'bad',
  failed: 'bad'
};

/** A promotion: which model is to hold which stage, and how that stands. */
export function PromotionRow(
  props: ITimed & { promotion: IPromotionRow }
): React.ReactElement {
  const { now, promotion, trans } = props;
  const { actor, asked, id, stage, state } = promotion;
  const mark = PROMOTION_MARKS[state] ?? 'off';
  const name = candidateName(promotion);
  const [version = ''] = /\/\d+$/.exec(name) ?? [];
  const held = ` → ${stage}`;
  return (
    <Row
      mark={mark}
      says={state}
      name={`${name}${held}`}
      keeps={`${version}${held}`}
      title={`${name}${held}\n${trans.__('asked by %1', actor)}\n${id}`}
      opens={[CommandIDs.openPromotion, { id }]}
    >
      <div
        className="jp-labline-detail"
        data-mark={mark === 'warn' || mark === 'bad' ? mark : undefined}
      >
        <span className="jp-labline-metric">
          {(mark === 'busy' && promotion.progress) || state}
          {(mark === 'busy' || mark === 'warn') &&
            ` · ${trans.__('asked by %1', actor)}`}
        </span>
        <When at={asked} now={now} />
      </div>
    </Row>
  );
}

/** An endpoint: what it says it serves against what the record says, and where it is. */
export function EndpointRow(props: {
  endpoint: IEndpoint;
  /** Whether the platform is. */
  up: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { endpoint, trans, up } = props;
  const [mark, says] = markOfEndpoint(endpoint, up, trans);
  return (
    <Row
      mark={mark}
      says={says}
      name={endpoint.name}
      opens={[CommandIDs.openEndpoint, { name: endpoint.name }]}
      title={`${endpoint.name}\n${endpoint.state}`}
      aside={
        endpoint.model && (
          <span className="jp-labline-chip">{endpoint.model}</span>
        )
      }
    >
      {mark !== 'good' && (
        <div
          className="jp-labline-detail"
          data-mark={mark}
          title={endpoint.says}
        >
          {says}
        </div>
      )}
      <div className="jp-labline-url">
        <code title={endpoint.url}>{place(endpoint.url)}</code>
        <CopyButton text={endpoint.url} trans={trans} />
      </div>
    </Row>
  );
}

function markOfEndpoint(
  endpoint: IEndpoint,
  up: boolean,
  trans: TranslationBundle
): [Mark, string] {
  const { agreement, model, registry, says, serving, state } = endpoint;
  if (!up) {
    return ['off', trans.__('down with the platform')];
  }
  switch (state) {
    case 'ready':
      if (agreement === 'agrees') {
        return ['good', trans.__('serves %1', serving ?? model)];
      }
      return agreement === 'on trial' && registry
        ? ['busy', trans.__('%1 is on trial beside it', registry)]
        : ['warn', says];
    case 'degraded':
      return ['warn', trans.__('some of its instances do not answer')];
    case 'starting':
      return ['busy', trans.__('starting')];
    case 'empty':
      return model
        ? ['bad', trans.__('its release does not run')]
        : ['off', trans.__('has no release')];
    case 'wrong model':
      return [
        'warn',
        trans.__('serves %1, the record says %2', serving, model)
      ];
    case 'crash loop':
      return ['bad', trans.__('crashes again and again')];
    default:
      return ['bad', trans.__('does not answer')];
  }
}
