import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import {
  ICommandPalette,
  Notification,
  showErrorMessage
} from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { jobId, moment } from '../format';
import { jobIcon } from '../icons';
import { addPages } from '../showing';
import { IEvents, ILine } from '../tokens';
import { OrderDialog } from './dialog';
import { Order } from './model';
import { shownPath } from './place';
import type { Outcome } from './model';
import { JobPanel } from './widget';

export const job: JupyterFrontEndPlugin<void> = {
  id: 'labline:job',
  description: 'Runs notebooks as jobs, and shows how they get on.',
  autoStart: true,
  requires: [ILine, INotebookTracker, IEvents],
  optional: [
    IFileBrowserFactory,
    ICommandPalette,
    ILayoutRestorer,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    line: ILine,
    notebooks: INotebookTracker,
    events: IEvents,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    addOrder(app, notebooks, browsers, trans, outcome => {
      void line.refresh();
      tell(app, outcome, trans);
    });
    addJobs(app, events, restorer, trans);
    const changed = () =>
      app.commands.notifyCommandChanged(CommandIDs.runAsJob);
    notebooks.currentChanged.connect(changed);
    palette?.addItem({
      command: CommandIDs.runAsJob,
      category: trans.__('Labline')
    });
  }
};

/** The command that asks how a notebook is to be run. */
function addOrder(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  browsers: IFileBrowserFactory | null,
  trans: TranslationBundle,
  done: (outcome: Outcome) => void
): void {
  const named = (args: {
    path?: unknown;
    selected?: unknown;
  }): string | undefined => {
    if (typeof args.path === 'string') {
      return args.path;
    }
    if (args.selected !== true) {
      return notebooks.currentWidget?.context.path;
    }
    const [item] = browsers?.tracker.currentWidget?.selectedItems() ?? [];
    return item?.path;
  };
  app.commands.addCommand(CommandIDs.runAsJob, {
    label: trans.__('Run as Job…'),
    caption: trans.__('Run this notebook as a job'),
    icon: jobIcon,
    describedBy: { args: ORDER_ARGUMENTS },
    isEnabled: args => named(args) !== undefined,
    execute: async args => {
      const path = named(args);
      if (path !== undefined) {
        const outcome = await ask(app, notebooks, path, trans);
        return outcome && done(outcome);
      }
    }
  });
}

async function ask(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  path: string,
  trans: TranslationBundle
): Promise<Outcome | null> {
  const context = notebooks.find(panel => panel.context.path === path)?.context;
  const { contents, serverSettings } = app.serviceManager;
  const order = new Order({
    path: contents.localPath(path),
    serverSettings,
    trans,
    unsaved: () => context?.model.dirty ?? false,
    save: () => context?.save() ?? Promise.resolve(),
    touched: context?.model.stateChanged
  });
  try {
    await order.load();
    for (;;) {
      const dialog = new OrderDialog(order);
      await dialog.launch();
      if (!dialog.saves) {
        return dialog.submitted;
      }
      await order.save();
    }
  } finally {
    order.dispose();
  }
}

/** Show what came of it: the job, the sweep, or the schedules with the new one. */
function tell(
  app: JupyterFrontEnd,
  outcome: Outcome,
  trans: TranslationBundle
): void {
  if ('schedule' in outcome) {
    const { name, next } = outcome.schedule;
    const when = next === null ? '' : moment(next, undefined, 'short');
    const text = trans.__('%1 comes next: %2', name, when);
    Notification.success(text, { autoClose: 5_000 });
    void app.commands.execute(CommandIDs.openSchedules);
  } else if (outcome.sweep !== null) {
    void app.commands.execute(CommandIDs.openSweep, { id: outcome.sweep });
  } else {
    outcome.jobs.forEach(
      ({ id }) => void app.commands.execute(CommandIDs.openJob, { id })
    );
  }
}

/** The command that shows a job. */
function addJobs(
  app: JupyterFrontEnd,
  events: IEvents,
  restorer: ILayoutRestorer | null,
  trans: TranslationBundle
): void {
  const { commands } = app;
  addPages(app, restorer, {
    command: CommandIDs.openJob,
    label: trans.__('Show Job'),
    icon: jobIcon,
    argument: 'id',
    title: id => trans.__('Job %1', jobId(id)),
    make: (id, onNamed) =>
      new JobPanel({
        id,
        events,
        serverSettings: app.serviceManager.serverSettings,
        trans,
        onNamed,
        onOpen: other =>
          void commands.execute(CommandIDs.openJob, { id: other }),
        onOpenSweep: sweep =>
          void commands.execute(CommandIDs.openSweep, { id: sweep }),
        onStart: () => void commands.execute(CommandIDs.start),
        onOpenOutput: path => void openOutput(app, path, trans)
      })
  });
}

/** Open what a job left of its notebook, or say where it is: not every server shows every folder. */
async function openOutput(
  app: JupyterFrontEnd,
  place: string,
  trans: TranslationBundle
): Promise<void> {
  const path = shownPath(place, PageConfig.getOption('serverRoot'));
  const { contents } = app.serviceManager;
  const found =
    path !== null &&
    (await contents.get(path, { content: false }).catch(() => null));
  if (found) {
    await app.commands.execute('docmanager:open', { path });
    return;
  }
  await showErrorMessage(
    trans.__('The Jupyter server does not show this file'),
    trans.__(
      'The output notebook is %1. Its folder is hidden: to open it here, start JupyterLab with “--ContentsManager.allow_hidden=True”.',
      place
    )
  );
}

const ORDER_ARGUMENTS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      description: 'The notebook; the current one unless given.'
    },
    selected: {
      type: 'boolean',
      description: 'Whether it is the one that is selected in the file browser.'
    }
  }
} as const;
