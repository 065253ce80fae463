import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { lasting } from '../format';
import { CommandLine, Notice } from '../sidebar/notice';
import type { ILook, IMonitored } from './records';

/**
 * What keeps an endpoint from being looked at, and the lines that change it.
 */
export function Unwatched(props: {
  known: IMonitored;
  look: ILook | null;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { known, look, trans } = props;
  const { capture, every } = known;
  if (capture === 0) {
    return (
      <Notice tone="info" title={trans.__('The prediction log is off')}>
        <p>
          {trans.__(
            'Nothing is kept of what it is asked: that may be personal data. Where it may be kept, write into labline.toml:'
          )}
        </p>
        <CommandLine text={LINES} trans={trans} />
        <p>{trans.__('Then start again what serves:')}</p>
        <CommandLine text={AGAIN} trans={trans} />
      </Notice>
    );
  }
  if (every === null) {
    return (
      <div className="jp-labline-empty">
        <p>
          {trans.__(
            'Nobody looks by the clock. For a worker to look every hour, write under [monitor] in labline.toml:'
          )}
        </p>
        <CommandLine text={'every = "1h"'} trans={trans} />
      </div>
    );
  }
  return look ? null : (
    <p className="jp-labline-quiet">
      {trans.__('No look yet: a worker looks every %1.', lasting(every))}
    </p>
  );
}

/** Has what serves keep what it is asked. */
export const AGAIN = 'labline down && labline up';
const LINES = '[monitor]\ncapture = true\nevery = "1h"';
