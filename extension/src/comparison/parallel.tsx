import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILook } from '../chart/look';
import { useWidth } from '../chart/width';
import { metric } from '../format';
import type { IAxis } from './axes';
import { axesOf, stretches } from './axes';
import type { IFact } from './facts';
import type { IComparison } from './records';

const HEIGHT = 280;
const EDGE = { top: 44, right: 64, bottom: 14, left: 64 };
/** Axes keep this distance; where they do not fit, the chart scrolls. */
const LEAST = 120;
/** Characters of a name that fit above an axis. */
const ROOM = 15;

interface IProps {
  comparison: IComparison;
  facts: readonly IFact[];
  looks: readonly ILook[];
  lit: string | null;
  trans: TranslationBundle;
  onLit: (id: string | null) => void;
}

type Place = (axis: number, at: number) => readonly [number, number];

/**
 * One upright axis for each fact that differs, one line for each run. The table has the same values
 * for who does not see it.
 */
export function Parallel(props: IProps): React.ReactElement {
  const { comparison, facts, trans } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const axes = React.useMemo(() => axesOf(facts), [facts]);
  const title = React.useId();
  if (axes.length < 2) {
    return (
      <p className="jp-labline-quiet">
        {trans.__(
          'There is something to draw when at least two parameters or metrics differ.'
        )}
      </p>
    );
  }
  const gaps = axes.length - 1;
  const room = Math.max(width - EDGE.left - EDGE.right, gaps * LEAST);
  const place: Place = (axis, at) => [
    EDGE.left + (axis / gaps) * room,
    EDGE.top + (1 - at) * (HEIGHT - EDGE.top - EDGE.bottom)
  ];
  return (
    <div className="jp-labline-scroller" ref={box}>
      {width > 0 && (
        <svg
          className="jp-labline-parallel"
          width={EDGE.left + room + EDGE.right}
          height={HEIGHT}
          role="img"
          aria-labelledby={title}
        >
          <title id={title}>
            {trans.__(
              'Parallel coordinates of %1 runs over %2',
              comparison.runs.length,
              axes.map(axis => axis.fact.name).join(', ')
            )}
          </title>
          {comparison.runs.map((run, at) => (
            <Run key={run.id} {...props} axes={axes} at={at} place={place} />
          ))}
          {axes.map((axis, number) => (
            <Axis
              key={axis.fact.key}
              axis={axis}
              number={number}
              place={place}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

function Axis(props: {
  axis: IAxis;
  number: number;
  place: Place;
}): React.ReactElement {
  const { axis, number, place } = props;
  const { kind, name } = axis.fact;
  const [x, top] = place(number, 1);
  const [, bottom] = place(number, 0);
  const short = shortened(name, ROOM);
  return (
    <g className="jp-labline-axes" data-kind={kind}>
      <line x1={x} x2={x} y1={top} y2={bottom} />
      <text x={x} y={top - 14} textAnchor="middle" data-title>
        {short}
        <title>{name}</title>
      </text>
      {axis.ticks.map(tick => (
        <g key={tick.at}>
          <line
            x1={x - 4}
            x2={x}
            y1={place(number, tick.at)[1]}
            y2={place(number, tick.at)[1]}
          />
          <text x={x + 6} y={place(number, tick.at)[1]} dy="0.35em">
            {shortened(tick.label, ROOM - 3)}
            <title>{tick.label}</title>
          </text>
        </g>
      ))}
    </g>
  );
}

function Run(
  props: IProps & { axes: readonly IAxis[]; at: number; place: Place }
): React.ReactElement {
  const { at, axes, comparison, lit, looks, onLit, place } = props;
  const { id } = comparison.runs[at]!;
  const look = looks[at]!;
  const lines = stretches(axes, at, place);
  const d = lines.map(bent).join('');
  const values = axes.map(({ fact }) => `${fact.name} ${say(fact, at)}`);
  return (
    <g
      data-faint={(lit && lit !== id) || undefined}
      data-lit={lit === id || undefined}
      onPointerEnter={() => onLit(id)}
      onPointerLeave={() => onLit(null)}
    >
      <title>{[comparison.columns[at], ...values].join('\n')}</title>
      <path className="jp-labline-grip" d={d} />
      <path
        className="jp-labline-line"
        d={d}
        stroke={look.colour}
        strokeDasharray={look.dash}
      />
      {lines.flat().map(([x, y], number) => (
        <circle key={number} cx={x} cy={y} r="3" fill={look.colour} />
      ))}
    </g>
  );
}

/** A path that leaves and meets each axis level. */
function bent(stretch: readonly (readonly [number, number])[]): string {
  return stretch
    .map(([x, y], number) => {
      const [fromX, fromY] = stretch[number - 1] ?? [x, y];
      const middle = (fromX + x) / 2;
      return number
        ? `C${middle},${fromY} ${middle},${y} ${x},${y}`
        : `M${x},${y}`;
    })
    .join('');
}

function say(fact: IFact, at: number): string {
  const value = fact.values[at] ?? null;
  return value === null
    ? '–'
    : typeof value === 'number'
      ? metric(value)
      : value;
}

function shortened(text: string, most: number): string {
  const letters = [...text];
  return letters.length > most
    ? `${letters.slice(0, most - 1).join('')}…`
    : text;
}
