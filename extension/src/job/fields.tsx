import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IEntry } from './form';
import { typeOf } from './form';
import type { IParameterField } from './records';
import type { Draws, IRange } from './sweep';
import { takesNumbers } from './sweep';

interface IProps {
  field: IParameterField;
  entry: IEntry;
  /** What is wrong with it; empty where nothing is. */
  complaint: string;
  trans: TranslationBundle;
  onChange: (change: Partial<IEntry>) => void;
}

/** What a box that is ticked or cleared begins with. */
const NO_SWEEP = {
  text: '',
  draws: 'values',
  low: '',
  high: '',
  step: ''
} as const;

/**
 * One parameter: its name and type, what is typed for it, and whether that is a sweep.
 */
export function Field(props: IProps): React.ReactElement {
  const { complaint, entry, field, onChange, trans } = props;
  const id = React.useId();
  return (
    <div
      className="jp-labline-parameter"
      data-bad={complaint ? true : undefined}
    >
      <div className="jp-labline-fieldHead">
        <label htmlFor={id}>{field.name}</label>
        <code>{field.kind}</code>
        <label className="jp-labline-sweep">
          <input
            type="checkbox"
            checked={entry.sweep}
            aria-label={trans.__('Sweep %1', field.name)}
            onChange={event =>
              onChange({ ...NO_SWEEP, sweep: event.target.checked })
            }
          />
          {trans.__('sweep')}
        </label>
      </div>
      {entry.sweep && takesNumbers(field.kind) && <Source {...props} />}
      {entry.sweep && entry.draws !== 'values' ? (
        <Range {...props} id={id} />
      ) : (
        <Input {...props} id={id} />
      )}
      {field.help && (
        <p id={`${id}-help`} className="jp-labline-quiet">
          {field.help}
        </p>
      )}
      {complaint && (
        <p id={`${id}-bad`} className="jp-labline-complaint" role="alert">
          {complaint}
        </p>
      )}
    </div>
  );
}

/** Where the values of a sweep come from. */
function Source(props: IProps): React.ReactElement {
  const { entry, field, onChange, trans } = props;
  const choices: readonly (readonly [Draws, string])[] = [
    ['values', trans.__('Values')],
    ['uniform', trans.__('Range')],
    ['loguniform', trans.__('Range by powers of ten')]
  ];
  const name = React.useId();
  return (
    <div
      className="jp-labline-source"
      role="radiogroup"
      aria-label={trans.__('What %1 is swept over', field.name)}
    >
      {choices.map(([draws, label]) => (
        <label key={draws}>
          <input
            type="radio"
            name={name}
            checked={entry.draws === draws}
            onChange={() => onChange({ draws })}
          />
          {label}
        </label>
      ))}
    </div>
  );
}

/** A range to draw from. */
function Range(props: IProps & { id: string }): React.ReactElement {
  const { complaint, entry, field, id, onChange, trans } = props;
  const ends: readonly (readonly [keyof IRange, string])[] = [
    ['low', trans.__('from')],
    ['high', trans.__('to')]
  ];
  const step = ['step', trans.__('step')] as const;
  return (
    <div className="jp-labline-range">
      {[...ends, ...(entry.draws === 'uniform' ? [step] : [])].map(
        ([end, label], place) => (
          <label key={end}>
            <span aria-hidden="true">{label}</span>
            <input
              id={place === 0 ? id : undefined}
              type="text"
              className="jp-mod-styled"
              inputMode="decimal"
              spellCheck={false}
              autoComplete="off"
              value={entry[end]}
              placeholder={end === 'step' ? trans.__('any') : ''}
              aria-label={`${field.name}: ${label}`}
              aria-invalid={complaint !== ''}
              aria-describedby={complaint ? `${id}-bad` : undefined}
              onChange={event => onChange({ [end]: event.target.value })}
            />
          </label>
        )
      )}
    </div>
  );
}

function Input(props: IProps & { id: string }): React.ReactElement {
  const { complaint, entry, field, id, onChange, trans } = props;
  const type = typeOf(field);
  const about = {
    id,
    'aria-invalid': complaint !== '',
    'aria-describedby': [field.help && `${id}-help`, complaint && `${id}-bad`]
      .filter(Boolean)
      .join(' ')
  };
  if (type === 'bool' && !entry.sweep) {
    const checked =
      entry.text === '' ? field.default === true : entry.text === 'true';
    return (
      <input
        {...about}
        type="checkbox"
        checked={checked}
        onChange={event => {
          const wanted = event.target.checked;
          const own = wanted === field.default;
          onChange({ text: own ? '' : String(wanted) });
        }}
      />
    );
  }
  if (type === 'choice' && !entry.sweep) {
    return (
      <HTMLSelect
        {...about}
        value={entry.text}
        onChange={event => onChange({ text: event.target.value })}
      >
        <option value="">
          {field.required
            ? trans.__('Choose…')
            : trans.__('%1 (as in the notebook)', String(field.default))}
        </option>
        {field.choices.map(String).map(choice => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </HTMLSelect>
    );
  }
  return (
    <input
      {...about}
      type="text"
      className="jp-mod-styled"
      inputMode={numeric(type, entry.sweep)}
      spellCheck={false}
      autoComplete="off"
      value={entry.text}
      placeholder={entry.sweep ? example(field, trans) : hint(field, trans)}
      onChange={event => onChange({ text: event.target.value })}
    />
  );
}

function numeric(type: string, sweep: boolean): 'decimal' | 'numeric' | 'text' {
  return sweep || type === 'text'
    ? 'text'
    : type === 'int'
      ? 'numeric'
      : 'decimal';
}

function hint(field: IParameterField, trans: TranslationBundle): string {
  return field.required ? trans.__('required') : field.source;
}

/** What the values of a sweep could look like. */
function example(field: IParameterField, trans: TranslationBundle): string {
  switch (typeOf(field)) {
    case 'bool':
      return 'true, false';
    case 'choice':
      return field.choices.map(String).join(', ');
    default:
      return field.required
        ? trans.__('values with commas between')
        : trans.__('%1, …', field.source);
  }
}
