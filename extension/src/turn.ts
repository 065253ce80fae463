import type { Poll } from '@lumino/polling';

/**
 * Have `work` never run twice at once: who asks while it runs gets what it gives when it has run
 * once more, and all who ask in that time get the same.
 *
 * What two questions at once bring can come in either order: the older answer last, or the same
 * piece twice.
 */
export function inTurn<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () => {
    next ??= last.then(() => {
      next = null;
      const now = work();
      last = now.catch(() => undefined);
      return now;
    });
    return next;
  };
}

/**
 * Have a poll ask at once, and once more where it is asking already: that answer may be older than
 * what gave rise to this. A poll by itself leaves it at one.
 */
export function refresher(poll: Poll): () => Promise<void> {
  return inTurn(async () => {
    await poll.refresh();
    // It rejects where the poll is disposed.
    await poll.tick.catch(() => undefined);
  });
}
