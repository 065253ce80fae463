import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IRecords, IStatus, SectionName } from './records';
import { SECTIONS } from './records';
import { request, RequestError } from './request';
import type { IList, ILine, ISnapshot } from './tokens';

type Item = IRecords[SectionName];

const NOTHING: IList<never> = { items: [], loaded: false, failure: null };

/** Longest pause between questions to a server that does not answer, in milliseconds. */
const LONGEST_PAUSE = 60_000;

/**
 * Asks the server about the production line, politely: only while somebody watches and the page is
 * visible, one question at a time, and less and less often where the answers fail.
 */
export class Line implements ILine, IDisposable {
  constructor(options: Line.IOptions = {}) {
    this._settings = options.serverSettings ?? ServerConnection.makeSettings();
    this._rows = options.rows ?? 10;
    this._poll = new Poll({
      auto: false,
      name: 'labline:line',
      factory: () => this._ask(),
      frequency: {
        interval: options.interval ?? 5_000,
        backoff: true,
        max: LONGEST_PAUSE
      },
      standby: () => (this.watched ? 'when-hidden' : true)
    });
  }

  get snapshot(): ISnapshot {
    return this._snapshot;
  }

  get changed(): ISignal<this, ISnapshot> {
    return this._changed;
  }

  get watched(): boolean {
    return this._watchers > 0;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Milliseconds between two questions. */
  set interval(interval: number) {
    const max = Math.max(LONGEST_PAUSE, interval);
    this._poll.frequency = { interval, backoff: true, max };
  }

  /** How many items of each list to ask for. */
  set rows(rows: number) {
    this._rows = rows;
  }

  async refresh(): Promise<void> {
    const hold = this.watch();
    try {
      await this._poll.refresh();
      await this._poll.tick;
    } finally {
      hold.dispose();
    }
  }

  watch(): IDisposable {
    this._watchers += 1;
    if (this._watchers === 1) {
      void this._poll.refresh();
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
    });
  }

  want(name: SectionName, wanted: boolean): void {
    if (wanted === this._wanted.has(name)) {
      return;
    }
    if (!wanted) {
      this._wanted.delete(name);
      return;
    }
    this._wanted.add(name);
    if (this.watched && this._snapshot.status) {
      void this._askList(name).then(() => this._set({}));
    }
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Ask for everything that is wanted; rejects where the status did not come. */
  private async _ask(): Promise<void> {
    this._set({ refreshing: true });
    try {
      const status = await this._askAll();
      this._set({ status, failure: null, refreshing: false, at: Date.now() });
    } catch (error) {
      this._set({ failure: asRequestError(error), refreshing: false });
      throw error;
    }
  }

  private async _askAll(): Promise<IStatus> {
    const asked = this._request<IStatus>('status');
    if (!this._snapshot.status || this._snapshot.failure) {
      // Where nobody may answer, one question is enough to find out.
      await asked;
    }
    const lists = SECTIONS.map(name => this._askList(name));
    const [status] = await Promise.all([asked, ...lists]);
    return status;
  }

  private async _askList(name: SectionName): Promise<void> {
    if (!this._wanted.has(name)) {
      return;
    }
    const query = { limit: this._rows };
    try {
      const page = await this._request<{ items: Item[] }>(name, query);
      this._setList(name, { items: page.items, loaded: true, failure: null });
    } catch (error) {
      this._setList(name, { failure: asRequestError(error) });
    }
  }

  private _request<T>(
    path: string,
    query: Readonly<Record<string, string | number>> = {}
  ): Promise<T> {
    return request<T>(path, query, this._settings);
  }

  private _setList(name: SectionName, change: Partial<IList<Item>>): void {
    const { lists } = this._snapshot;
    this._snapshot = {
      ...this._snapshot,
      lists: { ...lists, [name]: { ...lists[name], ...change } }
    };
  }

  private _set(change: Partial<ISnapshot>): void {
    if (this.isDisposed) {
      return;
    }
    this._snapshot = { ...this._snapshot, ...change };
    this._changed.emit(this._snapshot);
  }

  private readonly _changed = new Signal<this, ISnapshot>(this);
  private readonly _poll: Poll<void>;
  private readonly _settings: ServerConnection.ISettings;
  private readonly _wanted = new Set<SectionName>();
  private _rows: number;
  private _watchers = 0;
  private _snapshot: ISnapshot = {
    status: null,
    lists: {
      runs: NOTHING,
      jobs: NOTHING,
      models: NOTHING,
      promotions: NOTHING,
      endpoints: NOTHING
    },
    failure: null,
    refreshing: false,
    at: 0
  };
}

/**
 * A namespace for `Line` statics.
 */
export namespace Line {
  export interface IOptions {
    serverSettings?: ServerConnection.ISettings;
    /** Milliseconds between two questions. */
    interval?: number;
    /** How many items of each list to ask for. */
    rows?: number;
  }
}

function asRequestError(error: unknown): RequestError {
  return error instanceof RequestError
    ? error
    : new RequestError('away', String(error), { cause: error });
}
