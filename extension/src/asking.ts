import type { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import { request, RequestError } from './request';
import { Seen } from './seen';
import type { IEvent, IEvents } from './tokens';
import { inTurn, refresher } from './turn';

/** Milliseconds between two questions while something is under way. */
const BUSY = 1_000;
/** Milliseconds between two questions while nothing is. */
const QUIET = 10_000;
/** Milliseconds between two questions while events tell what changes. */
const LIVE = 60_000;

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
 * What tells that an answer has changed.
 */
export interface ITold {
  readonly events: IEvents;
  /** Whether an event is about it. */
  about: (event: IEvent) => boolean;
}

/**
 * Ask labline's API for `path` while the component is mounted: often while `busy` says so, or
 * when an event tells of it.
 *
 * Nothing is asked while the browser tab or the page is hidden, nor any more once `busy` says null:
 * what was asked for does not change.
 */
export function useAsked<T>(
  path: string,
  busy: (answer: T) => boolean | null,
  settings?: ServerConnection.ISettings,
  told?: ITold
): IAsked<T> {
  const [answer, setAnswer] = React.useState<T | null>(null);
  const [failure, setFailure] = React.useState<RequestError | null>(null);
  const ask = React.useRef<(() => Promise<void>) | null>(null);
  const seen = React.useContext(Seen);
  React.useEffect(() => {
    if (!seen) {
      return undefined;
    }
    const asking = new Poll({
      name: `labline:${path}`,
      frequency: { interval: BUSY, backoff: true, max: LIVE },
      standby: 'when-hidden',
      factory: inTurn(async () => {
        try {
          const found = await request<T>(path, {}, settings);
          const under = busy(found);
          const live = told?.events.live ?? false;
          const interval = live ? LIVE : under ? BUSY : QUIET;
          if (asking.frequency.interval !== interval) {
            asking.frequency = { interval, backoff: true, max: LIVE };
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
      })
    });
    const refresh = refresher(asking);
    ask.current = refresh;
    const untold = told && follow(told, () => void refresh());
    return () => {
      untold?.();
      ask.current = null;
      asking.dispose();
    };
    // A path stands for one record: `busy`, `settings` and `told` do not change with it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [path, seen]);
  const again = React.useCallback(() => void ask.current?.(), []);
  return { answer, failure, again };
}

/** Whether an event says that what was asked for before may be old. */
export function isRenewal(event: IEvent): boolean {
  return event.type === 'reset' || event.type === 'watched';
}

/** Ask when an event is about it, and when events begin to come or end; return what ends it. */
function follow(told: ITold, ask: () => void): () => void {
  const { events } = told;
  const hear = (_: IEvents, event: IEvent) => {
    if (isRenewal(event) || told.about(event)) {
      ask();
    }
  };
  const listening = events.listen();
  events.happened.connect(hear);
  events.liveChanged.connect(ask);
  return () => {
    events.happened.disconnect(hear);
    events.liveChanged.disconnect(ask);
    listening.dispose();
  };
}

/** Return what went wrong as the one kind of error that views know. */
export function asRequestError(error: unknown): RequestError {
  return error instanceof RequestError
    ? error
    : new RequestError('away', String(error), { cause: error });
}
