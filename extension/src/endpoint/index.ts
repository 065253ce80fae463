import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { deployIcon } from '../icons';
import { showOnce } from '../showing';
import { askForDeployment } from './dialog';
import { EndpointView } from './view';

export const endpoint: JupyterFrontEndPlugin<void> = {
  id: 'labline:endpoint',
  description: 'Deploys models, and shows the endpoints that serve them.',
  autoStart: true,
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const { serverSettings } = app.serviceManager;
    app.commands.addCommand(CommandIDs.deploy, {
      label: trans.__('Deploy a Model…'),
      caption: trans.__('Serve a model on an endpoint'),
      icon: deployIcon,
      describedBy: { args: MODEL },
      execute: async args => {
        const model = (args['model'] as string | undefined) ?? null;
        try {
          const options = { model, serverSettings, trans };
          const name = await askForDeployment(options);
          if (name) {
            await app.commands.execute(CommandIDs.openEndpoint, { name });
          }
        } catch (error) {
          Notification.error((error as Error).message, { autoClose: 8_000 });
        }
      }
    });
    app.commands.addCommand(CommandIDs.openEndpoint, {
      label: trans.__('Show an Endpoint'),
      describedBy: { args: NAME },
      execute: args => {
        const name = args['name'] as string;
        showOnce(app.shell, {
          id: `labline-endpoint-${name}`,
          label: name,
          icon: deployIcon,
          make: () => new EndpointView({ name, serverSettings, trans })
        });
      }
    });
    palette?.addItem({
      command: CommandIDs.deploy,
      category: trans.__('Labline')
    });
  }
};

const MODEL = {
  type: 'object',
  properties: { model: { type: 'string' } }
} as const;
const NAME = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name']
};
