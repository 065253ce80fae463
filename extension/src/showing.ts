import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

/**
 * Show a view in the main area: a new one, or the one that is open already.
 */
export function showOnce(
  shell: JupyterFrontEnd.IShell,
  view: { id: string; label: string; icon: LabIcon; make: () => Widget }
): void {
  if (!Array.from(shell.widgets('main')).some(one => one.id === view.id)) {
    const widget = new MainAreaWidget({ content: view.make() });
    widget.id = view.id;
    widget.title.label = view.label;
    widget.title.icon = view.icon;
    widget.title.closable = true;
    shell.add(widget, 'main');
  }
  shell.activateById(view.id);
}
