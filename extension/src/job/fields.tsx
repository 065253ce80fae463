import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IEntry } from './form';
import { typeOf } from './form';
import type { IParameterField } from './records';

interface IProps {
  field: IParameterField;
  entry: IEntry;
  /** What is wrong with it; empty where nothing is. */
  complaint: string;
  trans: TranslationBundle;
  onChange: (change: Partial<IEntry>) => void;
}

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
              onChange({ sweep: event.target.checked, text: '' })
            }
          />
          {trans.__('sweep')}
        </label>
      </div>
      <Input {...props} id={id} />
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
      <div className="jp-select-wrapper">
        <select
          {...about}
          className="jp-mod-styled"
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
        </select>
      </div>
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
