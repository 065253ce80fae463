import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { SectionName } from '../records';
import { CommandLine, Prose } from './notice';

/**
 * A list with nothing in it: what would be there, and the line that puts something there.
 */
export function Empty(props: {
  name: SectionName;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, command } = advice(props.trans)[props.name];
  return (
    <div className="jp-labline-empty">
      <Prose text={text} />
      <CommandLine text={command} trans={props.trans} />
    </div>
  );
}

function advice(
  trans: TranslationBundle
): Record<SectionName, { text: string; command: string }> {
  return {
    runs: {
      text: trans.__(
        'No run is recorded yet. Choose the kernel “Python 3 (labline)”, or in any notebook:'
      ),
      command: '%load_ext labline'
    },
    jobs: {
      text: trans.__('No job yet. To run a notebook as one, in a cell of it:'),
      command: '%submit'
    },
    models: {
      text: trans.__(
        'No model yet. Log one with a run by `%log --model model`, then:'
      ),
      command: '%promote best:METRIC --to STAGE'
    },
    promotions: {
      text: trans.__(
        'No promotion yet. The gates that a model must pass are in `labline.toml`:'
      ),
      command: 'labline policy explain'
    },
    endpoints: {
      text: trans.__('Nothing is served yet. To serve a model, in a cell:'),
      command: '%deploy MODEL@STAGE'
    }
  };
}
