import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export type Tone = 'info' | 'warn' | 'error';

/** How long a button says that it has copied, in milliseconds. */
const COPIED = 2_000;

/**
 * A boxed message: what is the matter, and below it what to do.
 */
export function Notice(props: {
  tone: Tone;
  title: string;
  children?: React.ReactNode;
}): React.ReactElement {
  return (
    <div className="jp-labline-notice" data-tone={props.tone}>
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

/**
 * A paragraph in which text between backticks is code, as the server words its fixes.
 */
export function Prose(props: { text: string }): React.ReactElement | null {
  if (!props.text) {
    return null;
  }
  const parts = props.text.split('`');
  return (
    <p>
      {parts.map((part, position) =>
        position % 2 ? <code key={position}>{part}</code> : part
      )}
    </p>
  );
}

/**
 * A line to type somewhere, with a button that copies it.
 */
export function CommandLine(props: {
  text: string;
  trans: TranslationBundle;
}): React.ReactElement {
  return (
    <div className="jp-labline-command">
      <code>
        {props.text.split(OPTION).map((part, at) =>
          // What was split by is at the odd places.
          at % 2 ? <span key={at}>{part}</span> : part
        )}
      </code>
      <CopyButton {...props} />
    </div>
  );
}

/** An option of a command: a line does not end in its midst. */
const OPTION = /(--[\w-]+)/;

/**
 * A small button that copies `text` and says so.
 */
export function CopyButton(props: {
  text: string;
  /** What the button says; it names the text unless given. */
  label?: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, trans } = props;
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    const timer = copied && setTimeout(() => setCopied(false), COPIED);
    return () => clearTimeout(timer || undefined);
  }, [copied]);
  const label = copied
    ? trans.__('Copied')
    : (props.label ?? trans.__('Copy %1', text));
  const Icon = copied ? checkIcon : copyIcon;
  return (
    <button
      type="button"
      className="jp-labline-iconButton"
      aria-label={label}
      title={label}
      onClick={() => {
        Clipboard.copyToSystem(text);
        setCopied(true);
      }}
    >
      <Icon.react tag="span" height="14px" width="14px" />
    </button>
  );
}
