import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import { ago, moment } from '../format';
import type { Mark } from './dot';
import { Dot } from './dot';
import { RunCommand } from './running';

/** What is told with times. */
export interface ITimed {
  /** Seconds since the epoch, by the server's clock. */
  now: number;
  trans: TranslationBundle;
}

interface IRowProps {
  mark?: Mark;
  says?: string;
  name: string;
  /** The end of the name, which is seen whole where the name is cut. */
  keeps?: string;
  title?: string;
  /** What a click on the name does: a command and its arguments. */
  opens?: readonly [string, ReadonlyPartialJSONObject];
  /** The id of the box that a click on the name ticks. */
  ticks?: string;
  /** What stands before the mark. */
  before?: React.ReactNode;
  aside?: React.ReactNode;
  children?: React.ReactNode;
}

/** A row of a list in the sidebar: what it is called, how it stands, and what more there is to say. */
export function Row(props: IRowProps): React.ReactElement {
  return (
    <li className="jp-labline-row">
      {props.before}
      {props.mark && <Dot mark={props.mark} label={props.says} />}
      <div>
        <div className="jp-labline-rowHead">
          <Name {...props} />
          {props.aside}
        </div>
        {props.children}
      </div>
    </li>
  );
}

/** What a row is called: opens it, ticks its box, or does nothing. */
function Name(props: IRowProps): React.ReactElement {
  const { keeps, name, opens, ticks } = props;
  const run = React.useContext(RunCommand);
  const look = {
    className: 'jp-labline-name',
    title: props.title ?? name
  };
  if (opens) {
    return (
      <button
        type="button"
        {...look}
        aria-label={keeps && name}
        onClick={() => run(...opens)}
      >
        {keeps ? (
          <>
            <span>{name.slice(0, -keeps.length)}</span>
            <span>{keeps}</span>
          </>
        ) : (
          name
        )}
      </button>
    );
  }
  return ticks ? (
    <label {...look} htmlFor={ticks}>
      {name}
    </label>
  ) : (
    <span {...look}>{name}</span>
  );
}

/** How long ago something was; its tooltip says when. */
export function When(props: { at: number; now: number }): React.ReactElement {
  const locale = document.documentElement.lang || undefined;
  return (
    <time
      dateTime={new Date(props.at * 1000).toISOString()}
      title={moment(props.at, locale)}
    >
      {ago(props.at, props.now, locale)}
    </time>
  );
}
