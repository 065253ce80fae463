import type { ServerConnection } from '@jupyterlab/services';

import { asRequestError } from './asking';
import type { IPlatformStep } from './records';
import { request, send } from './request';

/** Pause between two questions while the platform starts, in milliseconds. */
const STEP = 1_000;

/**
 * Start the platform.
 *
 * @param tell - hears each step, the last of which says that it is up, or why it is not
 * @param isOver - whether nobody wants to hear any more
 */
export async function startPlatform(
  settings: ServerConnection.ISettings,
  tell: (step: IPlatformStep) => void,
  isOver: () => boolean
): Promise<void> {
  try {
    let step = await send<IPlatformStep>('platform/start', {}, settings);
    tell(step);
    while (step.doing && !isOver()) {
      await new Promise(done => setTimeout(done, STEP));
      step = await request<IPlatformStep>('platform', {}, settings);
      tell(step);
    }
  } catch (error) {
    const { fix, message, name } = asRequestError(error);
    const failure = { error: name, message, fix };
    tell({ running: false, doing: '', failure });
  }
}
