import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { RequestError } from '../request';
import { CommandLine, Notice, Prose } from './notice';

/**
 * Why the panel knows nothing, or nothing new, and what to do about it.
 */
export function Failure(props: {
  failure: RequestError;
  /** When the last status came, in milliseconds since the epoch; 0 where none did. */
  at: number;
  trans: TranslationBundle;
}): React.ReactElement {
  const { at, failure, trans } = props;
  return (
    <Explained failure={failure} trans={trans}>
      {at > 0 && (
        <p className="jp-labline-quiet">
          {trans.__(
            'Below is what was known at %1.',
            new Date(at).toLocaleTimeString()
          )}
        </p>
      )}
    </Explained>
  );
}

function Explained(props: {
  failure: RequestError;
  trans: TranslationBundle;
  children: React.ReactNode;
}): React.ReactElement {
  const { children, failure, trans } = props;
  switch (failure.kind) {
    case 'missing':
      return (
        <Notice tone="error" title={failure.message}>
          <p>
            {trans.__(
              'This page has labline, the Jupyter server behind it does not. Install it in the environment that JupyterLab runs in, then restart JupyterLab:'
            )}
          </p>
          <CommandLine text="pip install labline" trans={trans} />
          <p>{trans.__('Is it installed already? Then it is switched off:')}</p>
          <CommandLine
            text="jupyter server extension enable labline"
            trans={trans}
          />
          {children}
        </Notice>
      );
    case 'stranger':
      return (
        <Notice tone="warn" title={failure.message}>
          <p>{trans.__('Reload the page to sign in again.')}</p>
          {children}
        </Notice>
      );
    case 'away':
      return (
        <Notice tone="error" title={failure.message}>
          <p>
            {trans.__(
              'It is asked again by itself, less often while it stays away. Is JupyterLab still running?'
            )}
          </p>
          {children}
        </Notice>
      );
    case 'answer':
      return failure.name === 'NoProject' ? (
        <Notice tone="info" title={trans.__('No project here yet')}>
          <p>{failure.message}</p>
          <p>{trans.__('To make one, type in a terminal in its folder:')}</p>
          <CommandLine text="labline init" trans={trans} />
        </Notice>
      ) : (
        <Notice tone="error" title={failure.message}>
          <Prose text={failure.fix} />
          {children}
        </Notice>
      );
  }
}
