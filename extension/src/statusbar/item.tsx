import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { lablineIcon } from '../icons';
import type { ILine } from '../tokens';

/**
 * A button in the status bar. It speaks of the line only while the line is watched: an old answer
 * that looks like a live one would be worse than none.
 */
export class LineItem extends ReactWidget {
  constructor(private readonly _options: LineItem.IOptions) {
    super();
    this.addClass('jp-labline-statusItem');
    this.addClass('jp-mod-highlighted');
  }

  protected override render(): React.ReactElement {
    const { line, open, trans } = this._options;
    return (
      <UseSignal signal={line.changed} initialSender={line}>
        {() => (
          <button type="button" onClick={open} title={trans.__('Open Labline')}>
            <lablineIcon.react tag="span" height="14px" width="14px" />
            <span>{says(line, trans)}</span>
          </button>
        )}
      </UseSignal>
    );
  }
}

/**
 * A namespace for `LineItem` statics.
 */
export namespace LineItem {
  export interface IOptions {
    line: ILine;
    open: () => void;
    trans: TranslationBundle;
  }
}

function says(line: ILine, trans: TranslationBundle): string {
  const { failure, lists, status } = line.snapshot;
  if (!line.watched || !status || failure) {
    return trans.__('Labline');
  }
  const running = lists.jobs.items.filter(job => job.status === 'running');
  if (running.length) {
    return trans._n('%1 job running', '%1 jobs running', running.length);
  }
  return status.platform.running
    ? trans.__('Labline up')
    : trans.__('Labline down');
}
