import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CommandIDs } from '../commands';
import { moment } from '../format';
import { CommandLine, Notice } from '../sidebar/notice';
import { Fix } from './fix';
import type { IRenewal } from './records';
import type { Run } from './view';

/**
 * The model is trained again, or what came of that waits for somebody.
 */
export function Renewal(props: {
  renewal: IRenewal;
  run: Run;
  trans: TranslationBundle;
}): React.ReactElement {
  const { renewal, run, trans } = props;
  const { actor, asked, failure, promotion, stage, state, why } = renewal;
  const from = trans.__(
    'Asked for by %1, %2: %3.',
    actor,
    moment(asked, document.documentElement.lang || undefined),
    why
  );
  const open = promotion && (
    <div className="jp-labline-actions">
      <button
        type="button"
        className="jp-mod-styled"
        onClick={() => run(CommandIDs.openPromotion, { id: promotion })}
      >
        {trans.__('Open the Promotion')}
      </button>
    </div>
  );
  switch (state) {
    case 'queued':
    case 'training':
      return (
        <Notice tone="info" title={trans.__('It is being trained again')}>
          <p>{from}</p>
          <CommandLine text="labline jobs list" trans={trans} />
        </Notice>
      );
    case 'judging':
      return (
        <Notice
          tone="info"
          title={trans.__('What was trained is judged for %1', stage)}
        >
          <p>{from}</p>
          {open}
        </Notice>
      );
    case 'needs approval':
      return (
        <Notice
          tone="warn"
          title={trans.__(
            'It was trained again for %1, and waits for somebody’s yes',
            stage
          )}
        >
          <p>{from}</p>
          {open}
        </Notice>
      );
    case 'failed':
      return (
        <Notice
          tone="error"
          title={failure?.message ?? trans.__('Training it again failed')}
        >
          <p>{from}</p>
          <Fix fix={failure?.fix ?? ''} trans={trans} />
          {open}
        </Notice>
      );
    default:
      return (
        <p className="jp-labline-quiet">
          {trans.__('It was trained again; that was %1.', state)} {from}
        </p>
      );
  }
}
