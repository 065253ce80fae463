import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { ILine } from '../tokens';
import { LineItem } from './item';

export const statusbar: JupyterFrontEndPlugin<void> = {
  id: 'labline:statusbar',
  description: 'Shows in the status bar where the production line stands.',
  autoStart: true,
  requires: [ILine],
  optional: [IStatusBar, ITranslator],
  activate: (
    app,
    line: ILine,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const item = new LineItem({
      line,
      trans: (translator ?? nullTranslator).load('labline'),
      open: () => void app.commands.execute(CommandIDs.open)
    });
    statusBar?.registerStatusItem('labline:statusbar', {
      item,
      align: 'left',
      rank: 20
    });
  }
};
