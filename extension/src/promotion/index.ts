import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { promoteIcon } from '../icons';
import { Page } from '../page';
import { addPages } from '../showing';
import { IEvents } from '../tokens';
import { askForPromotion } from './dialog';
import { Promotion } from './view';

export const promotion: JupyterFrontEndPlugin<void> = {
  id: 'labline:promotion',
  description: 'Asks for promotions, and shows how they stand.',
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
    app.commands.addCommand(CommandIDs.promote, {
      label: trans.__('Promote a Model…'),
      caption: trans.__('Have a model judged for a stage'),
      icon: promoteIcon,
      describedBy: { args: CANDIDATE },
      execute: async args => {
        const candidate = (args['candidate'] as string | undefined) ?? null;
        try {
          const options = { candidate, serverSettings, trans };
          const id = await askForPromotion(options);
          if (id) {
            await app.commands.execute(CommandIDs.openPromotion, { id });
          }
        } catch (error) {
          Notification.error((error as Error).message, { autoClose: 8_000 });
        }
      }
    });
    addPages(app, restorer, {
      command: CommandIDs.openPromotion,
      label: trans.__('Show a Promotion'),
      icon: promoteIcon,
      argument: 'id',
      title: id => trans.__('Promotion %1', id.slice(0, 8)),
      make: (id, onNamed) =>
        new Page(Promotion, { events, id, onNamed, serverSettings, trans })
    });
    palette?.addItem({
      command: CommandIDs.promote,
      category: trans.__('Labline')
    });
  }
};

const CANDIDATE = {
  type: 'object',
  properties: { candidate: { type: 'string' } }
} as const;
