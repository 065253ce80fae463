import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { compareIcon } from '../icons';
import { ComparisonView } from './view';

export const comparison: JupyterFrontEndPlugin<void> = {
  id: 'labline:comparison',
  description: 'Lays recorded runs side by side.',
  autoStart: true,
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const tracker = new WidgetTracker<MainAreaWidget<ComparisonView>>({
      namespace: 'labline-comparison'
    });
    app.commands.addCommand(CommandIDs.compareRuns, {
      label: trans.__('Compare Runs'),
      icon: compareIcon,
      describedBy: { args: ARGUMENTS },
      execute: async args => {
        const ids = args['ids'] as string[];
        const open = tracker.find(page => same(page.content.ids, ids));
        const page = open ?? pageOf(app, ids, trans);
        if (!open) {
          app.shell.add(page, 'main');
          page.content.changed.connect(() => void tracker.save(page));
          await tracker.add(page);
        }
        app.shell.activateById(page.id);
      }
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.compareRuns,
      args: page => ({ ids: [...page.content.ids] }),
      name: page => page.id
    });
  }
};

function pageOf(
  app: JupyterFrontEnd,
  ids: readonly string[],
  trans: TranslationBundle
): MainAreaWidget<ComparisonView> {
  const { serverSettings } = app.serviceManager;
  const content = new ComparisonView({ ids, serverSettings, trans });
  const page = new MainAreaWidget({ content });
  page.id = `labline-comparison-${[...ids].sort().join('-')}`;
  page.title.icon = compareIcon;
  page.title.closable = true;
  const name = () => {
    page.title.label = trans.__('Compare %1 runs', content.ids.length);
  };
  content.changed.connect(name);
  name();
  return page;
}

/** Whether both are the same runs, in whichever order. */
function same(some: readonly string[], others: readonly string[]): boolean {
  return [...some].sort().join() === [...others].sort().join();
}

const ARGUMENTS = {
  type: 'object',
  properties: {
    ids: {
      type: 'array',
      items: { type: 'string' },
      minItems: 2,
      description:
        'Ids of the runs; the first is what the others are compared with.'
    }
  },
  required: ['ids']
};
