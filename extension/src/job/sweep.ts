/**
 * What is tried with a parameter, and how the points are chosen. Pure: no widget, no server.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISearchOptions } from './records';

/** Where the values of a swept parameter come from: those written down, or a range. */
export type Draws = 'values' | 'uniform' | 'loguniform';

/** A range as it was typed. */
export interface IRange {
  readonly low: string;
  readonly high: string;
  /** Distance from one number to the next; empty for any number. */
  readonly step: string;
}

/** How the points are chosen, as it was typed; an empty kind is what fits to the parameters. */
export interface ISearchDraft {
  readonly kind: '' | 'grid' | 'random' | 'optuna';
  readonly trials: string;
  readonly metric: string;
  readonly goal: '' | 'maximize' | 'minimize';
  readonly prune: boolean;
  readonly parallel: string;
  readonly seed: string;
}

export const NO_SEARCH: ISearchDraft = {
  kind: '',
  trials: '',
  metric: '',
  goal: '',
  prune: false,
  parallel: '',
  seed: ''
};

const WHOLE = /^[+-]?\d+$/;

/** Whether a parameter of a kind takes numbers, so that they can be drawn from a range. */
export function takesNumbers(kind: string): boolean {
  return /^Any$|\b(?:int|float)\b/.test(kind) && !/\[/.test(plain(kind));
}

/** Whether a parameter of a kind takes whole numbers only. */
function takesWhole(kind: string): boolean {
  return takesNumbers(kind) && !/^Any$|\bfloat\b/.test(kind);
}

function plain(kind: string): string {
  return kind.replace(/^Optional\[(.*)\]$/, '$1');
}

/** A range as `labline run --sweep` has it: `loguniform(1e-3, 1)`. */
export function rangeOf(draws: Draws, range: IRange): string {
  const step = draws === 'uniform' ? range.step.trim() : '';
  const numbers = [range.low.trim(), range.high.trim(), step];
  return `${draws}(${numbers.filter(Boolean).join(', ')})`;
}

/** What is wrong with a range; empty where nothing is. */
export function rangeComplaint(
  kind: string,
  draws: Draws,
  range: IRange,
  trans: TranslationBundle
): string {
  const texts = [range.low.trim(), range.high.trim()];
  const step = draws === 'uniform' ? range.step.trim() : '';
  const typed = [...texts, ...(step ? [step] : [])];
  if (texts.includes('')) {
    return trans.__('Write where the range begins and where it ends.');
  }
  const wrong = typed.find(text => !Number.isFinite(Number(text)));
  if (wrong !== undefined) {
    return trans.__('“%1” is not a number.', wrong);
  }
  const part = takesWhole(kind) && typed.find(text => !WHOLE.test(text));
  if (part) {
    return trans.__('“%1” is not a whole number.', part);
  }
  const [low = 0, high = 0] = texts.map(Number);
  if (low >= high) {
    return trans.__('It ends at %1, which is not above %2.', high, low);
  }
  if (draws === 'loguniform' && low <= 0) {
    return trans.__('It begins at %1, which has no logarithm.', low);
  }
  return step && !(Number(step) > 0 && Number(step) <= high - low)
    ? trans.__('The step is to be above 0 and at most %1.', high - low)
    : '';
}

/** How the points are chosen: what was said, or what fits to the parameters. */
export function kindOf(
  search: ISearchDraft,
  hasRange: boolean
): 'grid' | 'random' | 'optuna' {
  return search.kind || (hasRange ? 'random' : 'grid');
}

/** What is to be sent of a search. */
export function searchOf(
  search: ISearchDraft,
  hasRange: boolean
): ISearchOptions {
  const kind = kindOf(search, hasRange);
  const [trials, metric, parallel, seed] = [
    search.trials.trim(),
    search.metric.trim(),
    search.parallel.trim(),
    search.seed.trim()
  ];
  return {
    // A grid is what a space without a range is searched by.
    ...(kind !== 'grid' && { search: kind }),
    ...(kind !== 'grid' && trials && { trials: Number(trials) }),
    ...(metric && { metric }),
    ...(metric && search.goal && { goal: search.goal }),
    ...(search.prune && { prune: true }),
    ...(kind === 'optuna' && parallel && { parallel: Number(parallel) }),
    ...(kind !== 'grid' && seed && { seed: Number(seed) })
  };
}

/** What is wrong with a search, by the name of the option. */
export function searchComplaints(
  search: ISearchDraft,
  hasRange: boolean,
  trans: TranslationBundle
): Map<string, string> {
  const found = new Map<string, string>();
  const kind = kindOf(search, hasRange);
  const positive = (name: 'trials' | 'parallel') => {
    const text = search[name].trim();
    if (text && !/^0*[1-9]\d*$/.test(text)) {
      const says = trans.__('“%1” is not a whole number above 0.', text);
      found.set(`option:${name}`, says);
    }
  };
  if (kind === 'grid' && hasRange) {
    const says = trans.__('A range has no end of points: choose another.');
    found.set('option:search', says);
  }
  if (kind !== 'grid') {
    positive('trials');
    if (search.trials.trim() === '') {
      found.set('option:trials', trans.__('Say how many points to try.'));
    }
    if (search.seed.trim() && !/^\d+$/.test(search.seed.trim())) {
      const says = trans.__('“%1” is not a whole number.', search.seed.trim());
      found.set('option:seed', says);
    }
  }
  if (kind === 'optuna') {
    positive('parallel');
  }
  if ((kind === 'optuna' || search.prune) && !search.metric.trim()) {
    const says = trans.__('Name the metric that tells what does well.');
    found.set('option:metric', says);
  }
  return found;
}
