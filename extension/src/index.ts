import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { comparison } from './comparison';
import { endpoint } from './endpoint';
import { Events } from './events';
import { job } from './job';
import { Line } from './line';
import { notebook } from './notebook';
import { platform } from './platform';
import { promotion } from './promotion';
import { schedule } from './schedule';
import { sidebar } from './sidebar';
import { statusbar } from './statusbar';
import { sweep } from './sweep';
import { IEvents, ILine } from './tokens';

const events: JupyterFrontEndPlugin<IEvents> = {
  id: 'labline:events',
  description: 'Tells all panels what changes on the server.',
  autoStart: true,
  provides: IEvents,
  activate: (app: JupyterFrontEnd) => {
    const { serverSettings } = app.serviceManager;
    const events = new Events({ serverSettings });
    const look = () => {
      events.hidden = document.hidden;
    };
    document.addEventListener('visibilitychange', look);
    look();
    return events;
  }
};

const line: JupyterFrontEndPlugin<ILine> = {
  id: 'labline:plugin',
  description: 'Follows the production line of the project.',
  autoStart: true,
  provides: ILine,
  requires: [IEvents],
  optional: [ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    events: IEvents,
    registry: ISettingRegistry | null
  ) => {
    const line = new Line({
      events,
      serverSettings: app.serviceManager.serverSettings
    });
    if (registry) {
      void follow(line, registry);
    }
    return line;
  }
};

/** Let the settings rule the line, now and whenever they change. */
async function follow(line: Line, registry: ISettingRegistry): Promise<void> {
  const settings = await registry.load('labline:plugin');
  const apply = () => {
    line.interval =
      (settings.get('refreshInterval').composite as number) * 1000;
    line.rows = settings.get('rows').composite as number;
  };
  settings.changed.connect(apply);
  apply();
}

export * from './records';
export { RequestError } from './request';
export * from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  events,
  line,
  sidebar,
  statusbar,
  notebook,
  promotion,
  endpoint,
  job,
  sweep,
  schedule,
  comparison,
  platform
];

export default plugins;
