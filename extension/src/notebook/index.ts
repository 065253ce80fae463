import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { recordIcon } from '../icons';
import { explain } from './explanation';
import { VERSION } from '../version';
import { NotebookIdentity } from './identity';
import { NotebookRecorder } from './recorder';
import type { IRecording } from './recording';

export const notebook: JupyterFrontEndPlugin<void> = {
  id: 'labline:notebook',
  description: 'The Recording button of notebooks.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('labline');
    const recorders = follow(app, tracker);
    const current = () => {
      const panel = tracker.currentWidget;
      return panel ? recorders.get(panel) : undefined;
    };
    app.commands.addCommand(CommandIDs.record, {
      label: trans.__('Record This Notebook'),
      caption: () => captionOf(current(), isPython(tracker), trans),
      icon: recordIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => isPython(tracker) && current()?.busy === false,
      isToggled: () => current()?.recording?.active ?? false,
      isToggleable: true,
      execute: () => toggle(current(), trans)
    });
    palette?.addItem({
      command: CommandIDs.record,
      category: trans.__('Labline')
    });
  }
};

/** Keep a recorder for every notebook, and its button true. */
function follow(
  app: JupyterFrontEnd,
  tracker: INotebookTracker
): ReadonlyMap<NotebookPanel, NotebookRecorder> {
  const recorders = new Map<NotebookPanel, NotebookRecorder>();
  const changed = () => app.commands.notifyCommandChanged(CommandIDs.record);
  const add = (panel: NotebookPanel) => {
    const recorder = new NotebookRecorder(panel);
    recorders.set(panel, recorder);
    identify(app, tracker, panel, recorder);
    recorder.changed.connect(changed);
    panel.disposed.connect(() => {
      recorder.dispose();
      recorders.delete(panel);
    });
  };
  tracker.forEach(add);
  tracker.widgetAdded.connect((_, panel) => add(panel));
  tracker.currentChanged.connect(changed);
  NotebookActions.executed.connect((_, { cell, notebook }) => {
    // Only such a cell can have switched it: others are not worth a question.
    if (/record|labline/.test(cell.model.sharedModel.getSource())) {
      const panel = tracker.find(panel => panel.content === notebook);
      void (panel && recorders.get(panel)?.look());
    }
  });
  return recorders;
}

/** Have the kernel know which notebook it is, from when labline is loaded in it. */
function identify(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  panel: NotebookPanel,
  recorder: NotebookRecorder
): void {
  const { commands, serviceManager } = app;
  const identity = new NotebookIdentity(panel, serviceManager.contents);
  recorder.changed.connect(() => {
    if (recorder.recording && !identity.open) {
      identity.tell();
    }
  });
  identity.told.connect((_, { recording, version }) => {
    if (recording.on !== (recorder.recording?.active ?? false)) {
      void recorder.look();
    }
    if (version !== VERSION) {
      void commands.execute(CommandIDs.compareVersions, { kernel: version });
    }
  });
  const front = () => {
    // Of two notebooks on one kernel the one that was told last is the one in front.
    if (tracker.currentWidget === panel && identity.open) {
      identity.tell();
    }
  };
  tracker.currentChanged.connect(front);
  panel.disposed.connect(() => {
    tracker.currentChanged.disconnect(front);
    identity.dispose();
  });
}

function isPython(tracker: INotebookTracker): boolean {
  const panel = tracker.currentWidget;
  const language = panel?.content.model?.defaultKernelLanguage ?? '';
  return (
    panel?.sessionContext.session?.kernel != null &&
    (language === '' || /^i?python$/i.test(language))
  );
}

function captionOf(
  recorder: NotebookRecorder | undefined,
  python: boolean,
  trans: TranslationBundle
): string {
  if (!python) {
    return trans.__('Recording needs a notebook with a running Python kernel');
  }
  return recorder?.recording?.active
    ? trans.__('Recording: click to end and keep the run')
    : trans.__('Record what this notebook runs');
}

async function toggle(
  recorder: NotebookRecorder | undefined,
  trans: TranslationBundle
): Promise<void> {
  try {
    const recording = await recorder?.toggle();
    if (recording) {
      tell(recording, trans);
    }
  } catch (error) {
    await explain(error, trans);
  }
}

function tell(recording: IRecording, trans: TranslationBundle): void {
  const { active, ended, message } = recording;
  if (ended) {
    Notification.success(trans.__('Recorded as run %1', ended), SHOWN);
  } else if (message) {
    Notification.warning(message, SHOWN);
  } else if (!active) {
    Notification.info(trans.__('Nothing was run, so no run is kept.'), SHOWN);
  }
}

/** Without a time, JupyterLab keeps a notification and shows nothing. */
const SHOWN = { autoClose: 5_000 } as const;
