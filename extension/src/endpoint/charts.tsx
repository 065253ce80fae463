import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useAsked } from '../asking';
import type { Point } from '../chart/scale';
import { nearest, scaleOf } from '../chart/scale';
import { measured, metric } from '../format';
import type { IAnswered, IEndpointMetrics } from './records';
import { pathOf } from './scale';

/** Seconds that can be looked back. */
const WINDOWS = [60, 300, 900];

interface IProps {
  name: string;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}

/**
 * How an endpoint answers, while one looks: requests, latency and errors of each release.
 *
 * No event tells of it, and the gateway's figures are read when they are asked for: to have a line
 * it is asked once a second, while the charts are seen.
 */
export function Charts(props: IProps): React.ReactElement {
  const { name, serverSettings, trans } = props;
  const [window, setWindow] = React.useState(300);
  const path = `endpoints/${encodeURIComponent(name)}/metrics`;
  const { answer, failure } = useAsked<IEndpointMetrics>(
    `${path}?window=${window}&points=60`,
    () => true,
    serverSettings
  );
  return (
    <section className="jp-labline-live">
      <div className="jp-labline-head">
        <h2>{trans.__('Live traffic')}</h2>
        <Windows value={window} onChange={setWindow} trans={trans} />
      </div>
      {!answer && (
        <p className="jp-labline-quiet" role="status">
          {failure ? failure.message : trans.__('Measuring…')}
        </p>
      )}
      {answer && (
        <>
          <div className="jp-labline-liveGrid">
            {kinds(trans).map(kind => (
              <Chart
                key={kind.title}
                {...kind}
                found={answer}
                lasts={Math.min(window, answer.window)}
                trans={trans}
              />
            ))}
          </div>
          <Releases releases={answer.releases} trans={trans} />
          {answer.releases.every(one => one.requests === 0) && (
            <p className="jp-labline-quiet">
              {trans.__(
                'Nobody has asked it in this time. Figures begin with the first look.'
              )}
            </p>
          )}
        </>
      )}
    </section>
  );
}

function Windows(props: {
  value: number;
  onChange: (seconds: number) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { onChange, trans, value } = props;
  return (
    <div role="group" aria-label={trans.__('Time to look back')}>
      {WINDOWS.map(seconds => (
        <button
          key={seconds}
          type="button"
          aria-pressed={seconds === value}
          onClick={() => onChange(seconds)}
        >
          {trans.__('%1 min', seconds / 60)}
        </button>
      ))}
    </div>
  );
}

/** One thing that is measured. */
interface IKind {
  title: string;
  unit: string;
  value: (one: IAnswered) => number | null;
}

function kinds(trans: TranslationBundle): readonly IKind[] {
  return [
    {
      title: trans.__('Requests'),
      unit: trans.__('per s'),
      value: one => one.per_second
    },
    {
      title: trans.__('Latency, p95'),
      unit: trans.__('ms'),
      value: one => one.p95_ms
    },
    {
      title: trans.__('Errors'),
      unit: '%',
      value: one => (one.requests ? 100 * one.error_rate : null)
    }
  ];
}

interface ISeries {
  release: number;
  model: string;
  /** Time and value; NaN where there was nothing to measure. */
  points: readonly Point[];
}

function seriesOf(
  found: IEndpointMetrics,
  value: IKind['value']
): readonly ISeries[] {
  return found.releases.map(({ release, model }) => ({
    release,
    model,
    points: found.history
      .filter(one => one.release === release)
      .map(one => [one.at, value(one) ?? NaN] as const)
  }));
}

function Chart(
  props: IKind & {
    found: IEndpointMetrics;
    /** Seconds from the left to the right. */
    lasts: number;
    trans: TranslationBundle;
  }
): React.ReactElement {
  const { found, lasts, title, trans, unit, value } = props;
  const [pointed, setPointed] = React.useState<number | null>(null);
  const series = seriesOf(found, value);
  const x = scaleOf([found.at - lasts, found.at], { tight: true });
  const values = series.flatMap(one => one.points.map(([, value]) => value));
  const most = Math.max(0, ...values.filter(Number.isFinite));
  const y = scaleOf([0, most || 1], { ticks: 2 });
  const at = x.value(pointed ?? 1);
  const told = series.map(one => nearest(one.points, at)?.[1] ?? NaN);
  const words = told.map(number =>
    Number.isNaN(number) ? '–' : measured(number)
  );
  const point = (event: React.PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setPointed((event.clientX - box.left) / box.width);
  };
  return (
    <figure>
      <figcaption>
        <span>{title}</span>
        <span className="jp-labline-liveNow">
          {words.map((word, index) => (
            <b key={series[index]?.release} data-series={index}>
              {word}
            </b>
          ))}{' '}
          {unit}
        </span>
      </figcaption>
      <div className="jp-labline-liveBody">
        <span className="jp-labline-liveTop">{metric(y.to)}</span>
        <div
          className="jp-labline-livePlot"
          onPointerMove={point}
          onPointerLeave={() => setPointed(null)}
        >
          <svg
            viewBox="0 0 100 100"
            preserveAspectRatio="none"
            role="img"
            aria-label={series
              .map((one, index) =>
                trans.__('%1: %2 %3', one.model, words[index], unit)
              )
              .join('; ')}
          >
            <path className="jp-labline-liveRule" d="M0 0H100M0 50H100" />
            {series.map((one, index) => (
              <path
                key={one.release}
                data-series={index}
                d={pathOf(one.points, x, y)}
              />
            ))}
            {pointed !== null && (
              <path
                className="jp-labline-liveCursor"
                d={`M${100 * pointed} 0V100`}
              />
            )}
          </svg>
        </div>
        <span className="jp-labline-liveFoot">0</span>
        <span className="jp-labline-liveTimes">
          <span>{since(lasts, trans)}</span>
          <span>
            {pointed === null ? trans.__('now') : since(found.at - at, trans)}
          </span>
        </span>
      </div>
    </figure>
  );
}

function since(seconds: number, trans: TranslationBundle): string {
  const whole = Math.round(seconds);
  return whole >= 120
    ? trans.__('−%1 min', Math.round(whole / 60))
    : trans.__('−%1 s', whole);
}

function Releases(props: {
  releases: readonly IAnswered[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { releases, trans } = props;
  const ms = (value: number | null) => (value === null ? '–' : measured(value));
  return (
    <table className="jp-labline-table">
      <thead>
        <tr>
          <th>{trans.__('model')}</th>
          <th data-numeric>{trans.__('requests')}</th>
          <th data-numeric>{trans.__('per s')}</th>
          <th data-numeric>{trans.__('errors')}</th>
          <th data-numeric>{trans.__('p50 ms')}</th>
          <th data-numeric>{trans.__('p95 ms')}</th>
          <th data-numeric>{trans.__('p99 ms')}</th>
        </tr>
      </thead>
      <tbody>
        {releases.map((one, index) => (
          <tr key={one.release}>
            <td>
              <i data-series={index} aria-hidden />
              {one.model}
            </td>
            <td data-numeric>{one.requests}</td>
            <td data-numeric>{measured(one.per_second)}</td>
            <td data-numeric data-mark={one.errors ? 'bad' : undefined}>
              {one.errors}
            </td>
            <td data-numeric>{ms(one.p50_ms)}</td>
            <td data-numeric>{ms(one.p95_ms)}</td>
            <td data-numeric>{ms(one.p99_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
