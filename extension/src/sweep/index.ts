import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { jobIcon } from '../icons';
import { Page } from '../page';
import { addPages } from '../showing';
import { Sweep } from './view';

export const sweep: JupyterFrontEndPlugin<void> = {
  id: 'labline:sweep',
  description: 'Shows sweeps: notebooks over a space of parameters.',
  autoStart: true,
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const { serverSettings } = app.serviceManager;
    const onOpen = (job: string) =>
      void app.commands.execute(CommandIDs.openJob, { id: job });
    addPages(app, restorer, {
      command: CommandIDs.openSweep,
      label: trans.__('Show a Sweep'),
      icon: jobIcon,
      argument: 'id',
      title: id => trans.__('Sweep %1', id.slice(0, 8)),
      make: (id, onNamed) =>
        new Page(Sweep, { id, onNamed, onOpen, serverSettings, trans })
    });
  }
};
