import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

/**
 * A text field with its name above it, and what is wrong with it below.
 */
export function Labelled(props: {
  label: string;
  value: string;
  complaint?: string;
  placeholder?: string;
  hint?: string;
  /** Id of a `datalist` to choose from. */
  list?: string;
  onChange: (text: string) => void;
}): React.ReactElement {
  const { complaint, hint, label, list, onChange, placeholder, value } = props;
  const id = React.useId();
  return (
    <div className="jp-labline-labelled">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        list={list}
        value={value}
        placeholder={placeholder}
        aria-invalid={Boolean(complaint)}
        aria-describedby={complaint || hint ? `${id}-about` : undefined}
        onChange={event => onChange(event.target.value)}
      />
      <About id={`${id}-about`} complaint={complaint} hint={hint} />
    </div>
  );
}

/** What is wrong with a field, and what helps to fill it. */
function About(props: {
  id: string;
  complaint?: string;
  hint?: string;
}): React.ReactElement | null {
  const { complaint, hint, id } = props;
  return complaint || hint ? (
    <div id={id}>
      {complaint && (
        <p className="jp-labline-complaint" role="alert">
          {complaint}
        </p>
      )}
      {hint && <p className="jp-labline-quiet">{hint}</p>}
    </div>
  ) : null;
}

/**
 * A choice of one among a few, with its name above it.
 */
export function Select<V extends string>(props: {
  label: string;
  value: V;
  options: readonly (readonly [V, string])[];
  complaint?: string;
  hint?: string;
  onChange: (value: V) => void;
}): React.ReactElement {
  const { complaint, hint, label, onChange, options, value } = props;
  const id = React.useId();
  return (
    <div className="jp-labline-labelled">
      <label htmlFor={id}>{label}</label>
      <HTMLSelect
        id={id}
        value={value}
        aria-invalid={Boolean(complaint)}
        aria-describedby={complaint || hint ? `${id}-about` : undefined}
        onChange={event => onChange(event.target.value as V)}
      >
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </HTMLSelect>
      <About id={`${id}-about`} complaint={complaint} hint={hint} />
    </div>
  );
}

/**
 * A choice of one among a few that are all seen.
 */
export function Radios<V extends string>(props: {
  label: string;
  value: V | '';
  options: readonly (readonly [V, string])[];
  complaint?: string;
  onChange: (value: V) => void;
}): React.ReactElement {
  const { complaint, label, onChange, options, value } = props;
  const id = React.useId();
  return (
    <fieldset
      className="jp-labline-radios"
      aria-describedby={complaint ? `${id}-about` : undefined}
    >
      <legend>{label}</legend>
      {options.map(([name, text]) => (
        <label key={name}>
          <input
            type="radio"
            name={id}
            checked={value === name}
            onChange={() => onChange(name)}
          />
          {text}
        </label>
      ))}
      <About id={`${id}-about`} complaint={complaint} />
    </fieldset>
  );
}
