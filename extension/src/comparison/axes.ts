/**
 * The upright axes of parallel coordinates. Pure.
 */
import type { IScale } from '../chart/scale';
import { decadesOf, scaleOf } from '../chart/scale';
import { metric } from '../format';
import type { IFact } from './facts';

/** More axes than this are not told apart. */
const MOST = 24;

export interface IAxis {
  readonly fact: IFact;
  /** Marks from 0 at the bottom to 1 at the top. */
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /** The place of each run; null where it has no value. */
  readonly places: readonly (number | null)[];
}

/** An axis for each fact that differs. */
export function axesOf(facts: readonly IFact[]): readonly IAxis[] {
  return facts
    .filter(fact => fact.differs)
    .slice(0, MOST)
    .map(fact => (fact.numeric ? measured(fact) : named(fact)));
}

function measured(fact: IFact): IAxis {
  const values = fact.values as readonly (number | null)[];
  const scale: IScale = decadesOf(values) ?? scaleOf(values);
  return {
    fact,
    ticks: scale.ticks.map(tick => ({
      at: scale.at(tick),
      label: metric(tick)
    })),
    places: values.map(value => (value === null ? null : scale.at(value)))
  };
}

function named(fact: IFact): IAxis {
  const given = fact.values.filter(value => value !== null).map(String);
  const names = [...new Set(given)].sort();
  const at = (name: string) =>
    names.length > 1 ? names.indexOf(name) / (names.length - 1) : 0.5;
  return {
    fact,
    ticks: names.map(name => ({ at: at(name), label: name })),
    places: fact.values.map(value =>
      value === null ? null : at(String(value))
    )
  };
}

/**
 * The line of the run at `run` through all axes, broken where it has no value; each stretch is a
 * list of places: left, top.
 */
export function stretches(
  axes: readonly IAxis[],
  run: number,
  place: (axis: number, at: number) => readonly [number, number]
): readonly (readonly (readonly [number, number])[])[] {
  const found: (readonly [number, number])[][] = [[]];
  axes.forEach((axis, number) => {
    const at = axis.places[run] ?? null;
    if (at === null) {
      found.push([]);
    } else {
      found[found.length - 1]?.push(place(number, at));
    }
  });
  return found.filter(stretch => stretch.length > 0);
}
