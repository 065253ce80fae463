import type { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import { request, RequestError } from './request';

/** Milliseconds between two questions while something is under way. */
const BUSY = 1_000;
/** Milliseconds between two questions while nothing is. */
const QUIET = 10_000;

/**
 * What was answered last, and why the last question failed.
 */
export interface IAsked<T> {
  readonly answer: T | null;
  readonly failure: RequestError | null;
  /** Ask now. */
  again: () => void;
}

/**
 * Ask labline's API for `path` while the component is mounted, often while `busy` says so.
 *
 * Nothing is asked while the browser tab is hidden, nor any more once `busy` says null: what was
 * asked for does not change.
 */
export function useAsked<T>(
  path: string,
  busy: (answer: T) => boolean | null,
  settings?: ServerConnection.ISettings
): IAsked<T> {
  const [answer, setAnswer] = React.useState<T | null>(null);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const poll = React.useRef<Poll | null>(null);
  React.useEffect(() => {
    const asking = new Poll({
      name: `labline:${path}`,
      frequency: { interval: BUSY, backoff: true, max: 30_000 },
      standby: 'when-hidden',
      factory: async () => {
        try {
          const found = await request<T>(path, {}, settings);
          const under = busy(found);
          const interval = under ? BUSY : QUIET;
          if (asking.frequency.interval !== interval) {
            asking.frequency = { interval, backoff: true, max: 30_000 };
          }
          setAnswer(found);
          setFailure(null);
          if (under === null) {
            void asking.stop();
          }
        } catch (error) {
          setFailure(asRequestError(error));
          throw error;
        }
      }
    });
    poll.current = asking;
    return () => asking.dispose();
    // A path stands for one record: `busy` and `settings` do not change with it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [path]);
  const again = React.useCallback(() => void poll.current?.refresh(), []);
  return { answer, failure, again };
}

/** Return what went wrong as the one kind of error that views know. */
export function asRequestError(error: unknown): RequestError {
  return error instanceof RequestError
    ? error
    : new RequestError('away', String(error), { cause: error });
}
