import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from '../commands';
import { lablineIcon } from '../icons';
import { ILine } from '../tokens';
import { Sidebar } from './sidebar';

export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'labline:sidebar',
  description: 'The Labline sidebar: runs, jobs, models and endpoints.',
  autoStart: true,
  requires: [ILine],
  optional: [ICommandPalette, ILayoutRestorer, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    line: ILine,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const run = (command: string, args: ReadonlyPartialJSONObject) =>
      void app.commands.execute(command, args);
    const panel = new Sidebar({ line, run, state, trans });
    app.shell.add(panel, 'left', { rank: 600, type: 'Labline' });
    restorer?.add(panel, panel.id);

    app.commands.addCommand(CommandIDs.open, {
      label: args =>
        args['isLauncher'] ? trans.__('Labline') : trans.__('Show Labline'),
      caption: trans.__('Show the runs, jobs, models and endpoints'),
      icon: lablineIcon,
      describedBy: { args: NO_ARGUMENTS },
      execute: async () => {
        // The palette gives the focus back to where it was, after this has begun.
        await new Promise(done => setTimeout(done));
        app.shell.activateById(panel.id);
      }
    });
    app.commands.addCommand(CommandIDs.refresh, {
      label: trans.__('Refresh Labline'),
      caption: trans.__('Ask the server for the state of the line now'),
      icon: refreshIcon,
      describedBy: { args: NO_ARGUMENTS },
      execute: () => line.refresh()
    });
    const category = trans.__('Labline');
    for (const command of [CommandIDs.open, CommandIDs.refresh]) {
      palette?.addItem({ command, category });
    }
  }
};

const NO_ARGUMENTS = { type: 'object', properties: {} } as const;
