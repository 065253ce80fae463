import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

/**
 * A kind of pages: one for each record, which a command opens.
 */
export interface IPages {
  /** The command, and what it is called. */
  command: string;
  label: string;
  icon: LabIcon;
  /** The command's argument: what a record is known by. */
  argument: string;
  /** What the tab of a record's page says, until the page names it. */
  title: (key: string) => string;
  make: (key: string, name: (label: string) => void) => Widget;
}

/**
 * Add the command that shows a record in the main area: on a new page, or on the one that is open.
 *
 * Pages that are open are so again when somebody comes back to the browser.
 */
export function addPages(
  app: JupyterFrontEnd,
  restorer: ILayoutRestorer | null,
  pages: IPages
): void {
  const { argument, command } = pages;
  const namespace = command.replace(':', '-');
  const idOf = (key: string) => `${namespace}-${key}`;
  const tracker = new WidgetTracker<MainAreaWidget>({ namespace });
  app.commands.addCommand(command, {
    label: pages.label,
    icon: pages.icon,
    describedBy: {
      args: {
        type: 'object',
        properties: { [argument]: { type: 'string' } },
        required: [argument]
      }
    },
    execute: async args => {
      const key = args[argument] as string;
      if (!tracker.find(page => page.id === idOf(key))) {
        const page = pageOf(key, idOf(key), pages);
        app.shell.add(page, 'main');
        await tracker.add(page);
      }
      app.shell.activateById(idOf(key));
    }
  });
  void restorer?.restore(tracker, {
    command,
    args: page => ({ [argument]: page.id.slice(idOf('').length) }),
    name: page => page.id
  });
}

function pageOf(
  key: string,
  id: string,
  pages: Pick<IPages, 'icon' | 'make' | 'title'>
): MainAreaWidget {
  const content = pages.make(key, label => {
    page.title.label = label;
  });
  const page = new MainAreaWidget({ content });
  page.id = id;
  page.title.label = pages.title(key);
  page.title.caption = key;
  page.title.icon = pages.icon;
  page.title.closable = true;
  return page;
}

/**
 * Show a page of which there is one only: a new one, or the one that is open already.
 */
export function showOnce(
  shell: JupyterFrontEnd.IShell,
  view: { id: string; label: string; icon: LabIcon; make: () => Widget }
): void {
  if (!Array.from(shell.widgets('main')).some(one => one.id === view.id)) {
    const { icon, id, label, make } = view;
    shell.add(pageOf(label, id, { icon, title: () => label, make }), 'main');
  }
  shell.activateById(view.id);
}
