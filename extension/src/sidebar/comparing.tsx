import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { Choice, MOST } from './choice';
import { RunCommand } from './running';

/** The choice of the sidebar that a row is in. */
export const Chosen = React.createContext(new Choice());

/**
 * How many runs are chosen, and the button that lays them side by side; nothing where none is.
 */
export function Comparing(props: {
  trans: TranslationBundle;
}): React.ReactElement {
  const choice = React.useContext(Chosen);
  return (
    <UseSignal signal={choice.changed}>
      {() => <Bar choice={choice} {...props} />}
    </UseSignal>
  );
}

function Bar(props: {
  choice: Choice;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { choice, trans } = props;
  const run = React.useContext(RunCommand);
  const { ids } = choice;
  if (ids.length === 0) {
    return null;
  }
  return (
    <div className="jp-labline-comparing">
      <span role="status">
        {ids.length === 1
          ? trans.__('Add another')
          : ids.length >= MOST
            ? trans.__('%1 chosen: no more at once', ids.length)
            : trans.__('%1 chosen', ids.length)}
      </span>
      <button
        type="button"
        className="jp-labline-plainButton jp-mod-accept"
        disabled={ids.length < 2}
        onClick={() => run(CommandIDs.compareRuns, { ids: [...ids] })}
      >
        {trans.__('Compare')}
      </button>
      <button
        type="button"
        className="jp-labline-iconButton"
        aria-label={trans.__('Choose none')}
        title={trans.__('Choose none')}
        onClick={() => choice.clear()}
      >
        <closeIcon.react tag="span" height="14px" width="14px" />
      </button>
    </div>
  );
}
