import * as React from 'react';

import { metric } from '../format';
import type { ILook } from './look';
import type { IScale, Point } from './scale';
import { nearest, scaleOf, thinned } from './scale';
import { Swatch } from './swatch';
import { useWidth } from './width';

const HEIGHT = 190;
const EDGE = { top: 10, right: 12, bottom: 24, left: 46 };
/** How many values are told at the cursor. */
const TOLD = 6;

/** One line of a chart. */
export interface ISeries {
  readonly id: string;
  readonly name: string;
  readonly look: ILook;
  /** By rising x. */
  readonly points: readonly Point[];
}

/**
 * A chart of lines over one axis, with a cursor for pointer and keyboard.
 */
export function Lines(props: {
  title: string;
  /** What x is: `step`. */
  along: string;
  series: readonly ISeries[];
  /** The series that stands out; the others step back. */
  lit?: string | null;
  /** How a value of x is written. */
  sayX?: (x: number) => string;
}): React.ReactElement {
  const { along, lit, sayX = metric, series, title } = props;
  const [place, width] = useWidth<HTMLDivElement>();
  const [cursor, setCursor] = React.useState<number | null>(null);
  const { x, y, stops } = React.useMemo(() => framed(series), [series]);
  const frame = {
    left: EDGE.left,
    top: EDGE.top,
    width: Math.max(0, width - EDGE.left - EDGE.right),
    height: HEIGHT - EDGE.top - EDGE.bottom
  };
  const told = cursor === null ? [] : valuesAt(series, cursor, lit);
  const says =
    cursor === null
      ? ''
      : `${along} ${sayX(cursor)}: ${told
          .map(({ one, point }) => `${one.name} ${metric(point[1])}`)
          .join(', ')}`;
  const move = (event: React.PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (event.clientX - box.left - EDGE.left) / frame.width;
    setCursor(nearestStop(stops, x.value(at)));
  };
  const press = (event: React.KeyboardEvent) => {
    const next = stopAfter(stops, cursor, event.key);
    if (next !== undefined) {
      event.preventDefault();
      setCursor(next);
    }
  };
  return (
    <figure className="jp-labline-chart">
      <figcaption>{title}</figcaption>
      <div
        ref={place}
        role="slider"
        tabIndex={0}
        aria-label={`${title}, ${along}`}
        aria-valuemin={x.from}
        aria-valuemax={x.to}
        aria-valuenow={cursor ?? x.from}
        aria-valuetext={says || summary(series)}
        onPointerMove={move}
        onPointerLeave={() => setCursor(null)}
        onKeyDown={press}
        onBlur={() => setCursor(null)}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT} aria-hidden>
            <Axes frame={frame} x={x} y={y} sayX={sayX} />
            {series.map(one => (
              <path
                key={one.id}
                className="jp-labline-line"
                data-faint={(lit && lit !== one.id) || undefined}
                data-lit={lit === one.id || undefined}
                d={pathOf(one.points, x, y, frame)}
                stroke={one.look.colour}
                strokeDasharray={one.look.dash}
              />
            ))}
            {cursor !== null && (
              <line
                className="jp-labline-cursor"
                x1={frame.left + x.at(cursor) * frame.width}
                x2={frame.left + x.at(cursor) * frame.width}
                y1={frame.top}
                y2={frame.top + frame.height}
              />
            )}
            {told.map(({ one, point }) => (
              <circle
                key={one.id}
                cx={frame.left + x.at(point[0]) * frame.width}
                cy={frame.top + (1 - y.at(point[1])) * frame.height}
                r="3.5"
                fill={one.look.colour}
              />
            ))}
          </svg>
        )}
        {cursor !== null && (
          <Told
            heading={`${along} ${sayX(cursor)}`}
            values={told}
            left={x.at(cursor) < 0.5}
          />
        )}
      </div>
    </figure>
  );
}

interface IFrame {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface IValue {
  one: ISeries;
  point: Point;
}

function framed(series: readonly ISeries[]): {
  x: IScale;
  y: IScale;
  stops: readonly number[];
} {
  const points = series.flatMap(one => one.points);
  return {
    x: scaleOf(
      points.map(([x]) => x),
      { tight: true, ticks: 5 }
    ),
    y: scaleOf(points.map(([, y]) => y)),
    stops: [...new Set(points.map(([x]) => x))].sort((a, b) => a - b)
  };
}

function Axes(props: {
  frame: IFrame;
  x: IScale;
  y: IScale;
  sayX: (x: number) => string;
}): React.ReactElement {
  const { frame, sayX, x, y } = props;
  return (
    <g className="jp-labline-axes">
      {y.ticks.map(tick => {
        const at = frame.top + (1 - y.at(tick)) * frame.height;
        return (
          <g key={tick}>
            <line
              x1={frame.left}
              x2={frame.left + frame.width}
              y1={at}
              y2={at}
            />
            <text x={frame.left - 6} y={at} dy="0.35em" textAnchor="end">
              {metric(tick)}
            </text>
          </g>
        );
      })}
      {x.ticks.map(tick => (
        <text
          key={tick}
          x={frame.left + x.at(tick) * frame.width}
          y={frame.top + frame.height + 16}
          textAnchor="middle"
        >
          {sayX(tick)}
        </text>
      ))}
    </g>
  );
}

function pathOf(
  points: readonly Point[],
  x: IScale,
  y: IScale,
  frame: IFrame
): string {
  const shown = thinned(points, frame.width * 2);
  return shown
    .map(([atX, atY], number) => {
      const left = frame.left + x.at(atX) * frame.width;
      const top = frame.top + (1 - y.at(atY)) * frame.height;
      return `${number ? 'L' : 'M'}${left.toFixed(1)},${top.toFixed(1)}`;
    })
    .join('');
}

function Told(props: {
  heading: string;
  values: readonly IValue[];
  /** Whether the cursor is in the left half, so that there is room on the right. */
  left: boolean;
}): React.ReactElement {
  return (
    <div className="jp-labline-told" data-side={props.left ? 'right' : 'left'}>
      <b>{props.heading}</b>
      {props.values.map(({ one, point }) => (
        <div key={one.id}>
          <Swatch look={one.look} />
          <span>{one.name}</span>
          <b>{metric(point[1])}</b>
        </div>
      ))}
    </div>
  );
}

/** The values at a place, largest first: the one that stands out, and some of the others. */
function valuesAt(
  series: readonly ISeries[],
  x: number,
  lit: string | null | undefined
): IValue[] {
  return series
    .flatMap(one => {
      const point = nearest(one.points, x);
      return point ? [{ one, point }] : [];
    })
    .sort(
      (a, b) =>
        Number(b.one.id === lit) - Number(a.one.id === lit) ||
        b.point[1] - a.point[1]
    )
    .slice(0, TOLD);
}

function nearestStop(stops: readonly number[], x: number): number | null {
  const found = nearest(
    stops.map(stop => [stop, 0] as const),
    x
  );
  return found ? found[0] : null;
}

/** Where a key moves the cursor; undefined for a key that does not. */
function stopAfter(
  stops: readonly number[],
  cursor: number | null,
  key: string
): number | undefined {
  const at = cursor === null ? -1 : stops.indexOf(cursor);
  const last = stops.length - 1;
  const moves: Readonly<Record<string, number>> = {
    ArrowRight: Math.min(last, at + 1),
    ArrowUp: Math.min(last, at + 1),
    ArrowLeft: Math.max(0, at - 1),
    ArrowDown: Math.max(0, at - 1),
    PageUp: Math.min(last, at + 10),
    PageDown: Math.max(0, at - 10),
    Home: 0,
    End: last
  };
  const next = moves[key];
  return next === undefined ? undefined : stops[next];
}

function summary(series: readonly ISeries[]): string {
  return series
    .map(({ name, points }) => {
      const [first, last] = [points[0], points[points.length - 1]];
      return first && last
        ? `${name} ${metric(first[1])} → ${metric(last[1])}`
        : name;
    })
    .join(', ');
}
