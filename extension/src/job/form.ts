/**
 * What a filled form asks for. Pure: no widget, no server.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IClock } from './clock';
import { clockComplaints, now } from './clock';
import type {
  IJobOptions,
  INewJobs,
  INewSchedule,
  INotebookForm,
  IParameterField
} from './records';
import type { Draws, IRange, ISearchDraft } from './sweep';
import {
  kindOf,
  NO_SEARCH,
  rangeComplaint,
  rangeOf,
  searchComplaints,
  searchOf
} from './sweep';

export type FieldType = 'bool' | 'int' | 'float' | 'choice' | 'text';

/** What was typed for one parameter; empty text leaves the notebook's own value. */
export interface IEntry extends IRange {
  readonly text: string;
  /** Whether a job is made for each of several values. */
  readonly sweep: boolean;
  /** Where those come from: the text, with commas between, or the range. */
  readonly draws: Draws;
}

export type Limit =
  'timeout' | 'memory' | 'cpus' | 'retries' | 'priority' | 'group';

/** All that was typed. */
export interface IDraft {
  readonly entries: Readonly<Record<string, IEntry>>;
  readonly search: ISearchDraft;
  readonly clock: IClock;
  readonly limits: Readonly<Record<Limit, string>>;
}

const EMPTY: IEntry = {
  text: '',
  sweep: false,
  draws: 'values',
  low: '',
  high: '',
  step: ''
};

export const BLANK: IDraft = {
  entries: {},
  search: NO_SEARCH,
  clock: now(),
  limits: {
    timeout: '',
    memory: '',
    cpus: '',
    retries: '',
    priority: '',
    group: ''
  }
};

const INTEGER = /^[+-]?\d[\d_]*$/;
const FLOAT =
  /^[+-]?(?:(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?|inf|nan)$/i;

/**
 * Which input a parameter gets; what allows None as well is typed as what it is else.
 */
export function typeOf(field: IParameterField): FieldType {
  if (field.choices.length > 0) {
    return 'choice';
  }
  const kind = field.kind
    .replace(/^Optional\[(.*)\]$/, '$1')
    .replace(/\s*\|\s*None\b|\bNone\s*\|\s*/g, '')
    .trim();
  return kind === 'bool' || kind === 'int' || kind === 'float' ? kind : 'text';
}

export function entryOf(draft: IDraft, name: string): IEntry {
  return draft.entries[name] ?? EMPTY;
}

export function withEntry(
  draft: IDraft,
  name: string,
  change: Partial<IEntry>
): IDraft {
  const entry = { ...entryOf(draft, name), ...change };
  return { ...draft, entries: { ...draft.entries, [name]: entry } };
}

export function withLimit(draft: IDraft, name: Limit, text: string): IDraft {
  return { ...draft, limits: { ...draft.limits, [name]: text } };
}

export function withSearch(
  draft: IDraft,
  change: Partial<ISearchDraft>
): IDraft {
  return { ...draft, search: { ...draft.search, ...change } };
}

export function withClock(draft: IDraft, change: Partial<IClock>): IDraft {
  return { ...draft, clock: { ...draft.clock, ...change } };
}

/** Whether any parameter is swept, and whether one over a range. */
export function sweepOf(draft: IDraft): { sweeps: boolean; ranges: boolean } {
  const swept = Object.values(draft.entries).filter(entry => entry.sweep);
  return {
    sweeps: swept.length > 0,
    ranges: swept.some(entry => entry.draws !== 'values')
  };
}

/**
 * The values of a sweep: what stands between the commas.
 */
export function valuesOf(text: string): string[] {
  return text
    .split(',')
    .map(value => value.trim())
    .filter(value => value !== '');
}

/**
 * What is to be sent. Parameters that were left alone are not in it: the notebook says them.
 */
export function bodyOf(form: INotebookForm, draft: IDraft): INewJobs {
  const sweep: Record<string, string[]> = {};
  const ranges: Record<string, string> = {};
  for (const field of form.parameters) {
    const entry = entryOf(draft, field.name);
    if (entry.sweep && entry.draws !== 'values') {
      ranges[field.name] = rangeOf(entry.draws, entry);
    } else if (entry.sweep && entry.text.trim() !== '') {
      sweep[field.name] = valuesOf(entry.text);
    }
  }
  const asked = sweepOf(draft);
  return {
    notebook: form.notebook,
    parameters: parametersOf(form, draft),
    sweep,
    ...(asked.ranges && { ranges }),
    ...(asked.sweeps && { search: searchOf(draft.search, asked.ranges) }),
    options: given(draft)
  };
}

/** What is to be sent to have the notebook run by the clock. */
export function scheduleOf(form: INotebookForm, draft: IDraft): INewSchedule {
  const { clock } = draft;
  const name = clock.name.trim();
  return {
    notebook: form.notebook,
    cron: clock.cron.trim().replace(/\s+/g, ' '),
    timezone: clock.timezone.trim(),
    runs: clock.runs || 'latest',
    ...(clock.catchUp && { catch_up: true }),
    ...(name && { name }),
    parameters: parametersOf(form, draft),
    options: given(draft)
  };
}

function parametersOf(
  form: INotebookForm,
  draft: IDraft
): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const field of form.parameters) {
    const { text, sweep } = entryOf(draft, field.name);
    if (!sweep && text.trim() !== '') {
      parameters[field.name] = typeOf(field) === 'text' ? text : text.trim();
    }
  }
  return parameters;
}

function given({ limits }: IDraft): IJobOptions {
  const text = (name: Limit) => limits[name].trim();
  const number = (name: Limit) => (text(name) ? Number(text(name)) : undefined);
  const options = {
    timeout: text('timeout') || undefined,
    memory: text('memory') || undefined,
    cpus: number('cpus'),
    retries: number('retries'),
    priority: number('priority'),
    group: text('group') || undefined
  };
  // What is not said is left out, so that labline.toml says it.
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined)
  );
}

/**
 * How many jobs a form makes.
 */
export function jobsOf(body: INewJobs, draft: IDraft): number {
  const grid = Object.values(body.sweep).reduce(
    (product, values) => product * values.length,
    1
  );
  const { ranges, sweeps } = sweepOf(draft);
  if (!sweeps || kindOf(draft.search, ranges) === 'grid') {
    return grid;
  }
  const trials = Number(draft.search.trials) || 0;
  // Of a finite number of points none is tried twice by chance.
  const chance = kindOf(draft.search, ranges) === 'random' && !ranges;
  return chance ? Math.min(trials, grid) : trials;
}

/**
 * What is wrong before the server is asked, by the name of the parameter or, after `option:`, of
 * the option.
 */
export function complaintsOf(
  form: INotebookForm,
  draft: IDraft,
  trans: TranslationBundle
): Map<string, string> {
  const found = new Map<string, string>();
  for (const field of form.parameters) {
    const entry = entryOf(draft, field.name);
    const complaint =
      entry.sweep && draft.clock.on
        ? trans.__('A schedule runs one job each time, not a sweep.')
        : complaintOf(field, entry, trans);
    if (complaint) {
      found.set(field.name, complaint);
    }
  }
  const { ranges, sweeps } = sweepOf(draft);
  return new Map([
    ...found,
    ...(sweeps ? searchComplaints(draft.search, ranges, trans) : []),
    ...(draft.clock.on ? clockComplaints(draft.clock, trans) : []),
    ...limitComplaints(draft, trans)
  ]);
}

function complaintOf(
  field: IParameterField,
  entry: IEntry,
  trans: TranslationBundle
): string {
  const { sweep, text } = entry;
  if (sweep && entry.draws !== 'values') {
    return rangeComplaint(field.kind, entry.draws, entry, trans);
  }
  const values = sweep ? valuesOf(text) : [text.trim()].filter(Boolean);
  if (values.length === 0) {
    return sweep
      ? trans.__('Write the values to try, with commas between.')
      : field.required
        ? trans.__('The notebook gives it no value: write one.')
        : '';
  }
  const wrong = values.find(value => !fits(field, value));
  return wrong === undefined
    ? ''
    : typeOf(field) === 'int'
      ? trans.__('“%1” is not a whole number.', wrong)
      : trans.__('“%1” is not a number.', wrong);
}

function fits(field: IParameterField, value: string): boolean {
  if (/^none$/i.test(value) && /None|Optional/.test(field.kind)) {
    return true;
  }
  switch (typeOf(field)) {
    case 'int':
      return INTEGER.test(value);
    case 'float':
      return FLOAT.test(value);
    default:
      return true;
  }
}

function* limitComplaints(
  { limits }: IDraft,
  trans: TranslationBundle
): Iterable<[string, string]> {
  const rules: readonly (readonly [Limit, RegExp, string])[] = [
    ['cpus', /^0*[1-9]\d*$/, trans.__('a whole number above 0')],
    ['retries', /^(?:\d|10)$/, trans.__('a whole number from 0 to 10')],
    [
      'priority',
      /^[+-]?(?:\d{1,2}|100)$/,
      trans.__('a whole number from -100 to 100')
    ]
  ];
  for (const [name, rule, wanted] of rules) {
    const text = limits[name].trim();
    if (text && !rule.test(text)) {
      yield [`option:${name}`, trans.__('“%1” is not %2.', text, wanted)];
    }
  }
}
