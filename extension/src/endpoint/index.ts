import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { deployIcon } from '../icons';
import { Page } from '../page';
import { addPages } from '../showing';
import { IEvents } from '../tokens';
import { askForDeployment } from './dialog';
import type { Run } from './view';
import { Endpoint } from './view';

export const endpoint: JupyterFrontEndPlugin<void> = {
  id: 'labline:endpoint',
  description: 'Deploys models, and shows the endpoints that serve them.',
  autoStart: true,
  requires: [IEvents],
  optional: [ICommandPalette, ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    events: IEvents,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
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
    const run: Run = (command, args) =>
      void app.commands.execute(command, args);
    addPages(app, restorer, {
      command: CommandIDs.openEndpoint,
      label: trans.__('Show an Endpoint'),
      icon: deployIcon,
      argument: 'name',
      title: name => name,
      make: name =>
        new Page(Endpoint, { events, name, run, serverSettings, trans })
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
