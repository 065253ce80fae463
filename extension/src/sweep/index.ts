import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { jobIcon } from '../icons';
import { showOnce } from '../showing';
import { SweepView } from './view';

export const sweep: JupyterFrontEndPlugin<void> = {
  id: 'labline:sweep',
  description: 'Shows sweeps: notebooks over a space of parameters.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const { serverSettings } = app.serviceManager;
    const onOpen = (job: string) =>
      void app.commands.execute(CommandIDs.openJob, { id: job });
    app.commands.addCommand(CommandIDs.openSweep, {
      label: trans.__('Show a Sweep'),
      describedBy: { args: ID },
      execute: args => {
        const id = args['id'] as string;
        showOnce(app.shell, {
          id: `labline-sweep-${id}`,
          label: trans.__('Sweep %1', id.slice(0, 8)),
          icon: jobIcon,
          make: () => new SweepView({ id, serverSettings, trans, onOpen })
        });
      }
    });
  }
};

const ID = {
  type: 'object',
  properties: { id: { type: 'string', description: 'The id of the sweep.' } },
  required: ['id']
} as const;
