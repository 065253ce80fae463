import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { jobIcon } from '../icons';
import { Page } from '../page';
import { showOnce } from '../showing';
import { IEvents } from '../tokens';
import { Schedules } from './view';

export const schedule: JupyterFrontEndPlugin<void> = {
  id: 'labline:schedule',
  description: 'Shows which notebooks are run by the clock.',
  autoStart: true,
  requires: [IEvents],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    events: IEvents,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const { serverSettings } = app.serviceManager;
    const onOpen = (job: string) =>
      void app.commands.execute(CommandIDs.openJob, { id: job });
    const onStart = () => void app.commands.execute(CommandIDs.start);
    app.commands.addCommand(CommandIDs.openSchedules, {
      label: trans.__('Show Schedules'),
      caption: trans.__('Notebooks that are run by the clock'),
      icon: jobIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () =>
        showOnce(app.shell, {
          id: 'labline-schedules',
          label: trans.__('Schedules'),
          icon: jobIcon,
          make: () =>
            new Page(Schedules, {
              events,
              onOpen,
              onStart,
              serverSettings,
              trans
            })
        })
    });
    palette?.addItem({
      command: CommandIDs.openSchedules,
      category: trans.__('Labline')
    });
  }
};
