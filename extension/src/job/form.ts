/**
 * What a filled form asks for. Pure: no widget, no server.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { INewJobs, INotebookForm, IParameterField } from './records';

export type FieldType = 'bool' | 'int' | 'float' | 'choice' | 'text';

/** What was typed for one parameter; empty text leaves the notebook's own value. */
export interface IEntry {
  readonly text: string;
  /** Whether the text is several values with commas between, a job for each. */
  readonly sweep: boolean;
}

export type Limit = 'timeout' | 'memory' | 'retries';

/** All that was typed. */
export interface IDraft {
  readonly entries: Readonly<Record<string, IEntry>>;
  readonly limits: Readonly<Record<Limit, string>>;
}

const EMPTY: IEntry = { text: '', sweep: false };

export const BLANK: IDraft = {
  entries: {},
  limits: { timeout: '', memory: '', retries: '' }
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
  const parameters: Record<string, string> = {};
  const sweep: Record<string, string[]> = {};
  for (const field of form.parameters) {
    const { text, sweep: sweeps } = entryOf(draft, field.name);
    if (text.trim() === '') {
      continue;
    }
    if (sweeps) {
      sweep[field.name] = valuesOf(text);
    } else {
      parameters[field.name] = typeOf(field) === 'text' ? text : text.trim();
    }
  }
  return { notebook: form.notebook, parameters, sweep, options: given(draft) };
}

function given({ limits }: IDraft): INewJobs['options'] {
  const [timeout, memory, retries] = [
    limits.timeout.trim(),
    limits.memory.trim(),
    limits.retries.trim()
  ];
  return {
    ...(timeout && { timeout }),
    ...(memory && { memory }),
    ...(retries && { retries: Number(retries) })
  };
}

/**
 * How many jobs a body makes.
 */
export function jobsOf(body: INewJobs): number {
  return Object.values(body.sweep).reduce(
    (product, values) => product * values.length,
    1
  );
}

/**
 * What is wrong before the server is asked, by the name of the parameter or limit.
 */
export function complaintsOf(
  form: INotebookForm,
  draft: IDraft,
  trans: TranslationBundle
): Map<string, string> {
  const found = new Map<string, string>();
  for (const field of form.parameters) {
    const complaint = complaintOf(field, entryOf(draft, field.name), trans);
    if (complaint) {
      found.set(field.name, complaint);
    }
  }
  const retries = draft.limits.retries.trim();
  if (retries && !/^\d+$/.test(retries)) {
    found.set(
      'limit:retries',
      trans.__('“%1” is not a whole number from 0 on.', retries)
    );
  }
  return found;
}

function complaintOf(
  field: IParameterField,
  { sweep, text }: IEntry,
  trans: TranslationBundle
): string {
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
