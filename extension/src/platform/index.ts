import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';

import { CommandIDs } from '../commands';
import { ILine } from '../tokens';
import { VERSION } from '../version';
import { Handshake } from './handshake';

/**
 * Starts the platform, explains two versions of labline, and puts labline into the launcher.
 */
export const platform: JupyterFrontEndPlugin<void> = {
  id: 'labline:platform',
  description: 'Starts the platform, and tells when versions do not fit.',
  autoStart: true,
  requires: [ILine],
  optional: [ICommandPalette, ILauncher, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    line: ILine,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const { serverSettings } = app.serviceManager;
    const category = trans.__('Labline');
    app.commands.addCommand(CommandIDs.start, {
      label: trans.__('Start the Labline Platform'),
      caption: trans.__('Start worker, gateway and live releases'),
      icon: runIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => line.start()
    });
    palette?.addItem({ command: CommandIDs.start, category });
    const cards = [CommandIDs.open, CommandIDs.promote, CommandIDs.deploy];
    cards.forEach((command, rank) => {
      const args = { isLauncher: true };
      launcher?.add({ command, args, category, rank });
    });

    const handshake = new Handshake({ serverSettings, trans });
    line.changed.connect((_, { status }) => {
      if (status && status.version !== VERSION) {
        void handshake.tell({ extension: VERSION });
      }
    });
    app.commands.addCommand(CommandIDs.compareVersions, {
      label: trans.__('Compare Versions of Labline'),
      describedBy: { args: VERSIONS },
      execute: args => {
        const kernel = args['kernel'];
        return handshake.tell(
          typeof kernel === 'string' ? { kernel } : { extension: VERSION }
        );
      }
    });
  }
};

const VERSIONS = {
  type: 'object',
  properties: {
    kernel: {
      type: 'string',
      description:
        'Version of labline in a kernel; that of this page unless given.'
    }
  }
} as const;
