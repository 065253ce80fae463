import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

/**
 * Runs a command of JupyterLab from within a panel.
 */
export const RunCommand = React.createContext<
  (command: string, args: ReadonlyPartialJSONObject) => void
>(() => undefined);
