import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { parted } from '../platform/fix';
import { CommandLine, Prose } from '../sidebar/notice';

/**
 * What to do, in the server's words; a command at their end can be copied.
 */
export function Fix(props: {
  fix: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const [text, command] = parted(props.fix);
  return (
    <>
      <Prose text={text} />
      {command && <CommandLine text={command} trans={props.trans} />}
    </>
  );
}
