import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { IPoll } from '@lumino/polling';
import { Debouncer, Poll, Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { asRequestError } from './asking';
import { listOf, replaced } from './listing';
import type { IPlatformStep, IRecords, IStatus, SectionName } from './records';
import { SECTIONS } from './records';
import { request } from './request';
import { startPlatform } from './starting';
import type {
  IEvent,
  IEvents,
  IList,
  ILine,
  IPage,
  ISnapshot,
  Lists
} from './tokens';
import { inTurn, refresher } from './turn';

type Item = IRecords[SectionName];

const NOTHING: IList<never> = {
  items: [],
  loaded: false,
  failure: null,
  total: 0
};

/** Longest pause between questions to a server that does not answer, in milliseconds. */
const LONGEST_PAUSE = 60_000;
/** Pause while events tell what changes: for what no event tells. */
const LIVE_PAUSE = 60_000;
/** Pause while someone types a filter. */
const TYPING = 250;

/**
 * Follows the production line, politely: only while somebody watches and the page is visible. What
 * changes is told by events; where none come it asks, one question at a time, and less and less
 * often where the answers fail.
 */
export class Line implements ILine, IDisposable {
  constructor(options: Line.IOptions = {}) {
    this._events = options.events ?? null;
    this._interval = options.interval ?? 5_000;
    this._settings = options.serverSettings ?? ServerConnection.makeSettings();
    this._rows = options.rows ?? 10;
    this._poll = new Poll({
      auto: false,
      name: 'labline:line',
      factory: inTurn(() => this._ask()),
      frequency: this._frequency,
      standby: () => (this.watched ? 'when-hidden' : true)
    });
    this._again = refresher(this._poll);
    // Much can change at once; it is asked for at most once in this time.
    this._catchingUp = new Throttler(() => this._catchUp(), {
      limit: options.patience ?? 500,
      edge: 'trailing'
    });
    this._typing = new Debouncer(() => this._askLists(), TYPING);
    this._events?.happened.connect(this._hear);
    this._events?.liveChanged.connect(this._turn);
  }

  get snapshot(): ISnapshot {
    return this._snapshot;
  }

  get changed(): ISignal<this, ISnapshot> {
    return this._changed;
  }

  get listChanged(): ISignal<this, SectionName> {
    return this._listChanged;
  }

  get watched(): boolean {
    return this._watchers > 0;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Milliseconds between two questions where no events come. */
  set interval(interval: number) {
    this._interval = interval;
    this._poll.frequency = this._frequency;
  }

  /** How many items of each list to ask for. */
  set rows(rows: number) {
    this._rows = rows;
  }

  get filter(): string {
    return this._filter;
  }

  narrow(filter: string): void {
    if (filter !== this._filter) {
      this._filter = filter;
      this._set({ filter: filter.trim() });
      void this._typing.invoke();
    }
  }

  async refresh(): Promise<void> {
    const hold = this.watch();
    try {
      await this._again();
    } finally {
      hold.dispose();
    }
  }

  async start(): Promise<void> {
    if (this._starting) {
      return;
    }
    this._starting = true;
    const hold = this.watch();
    try {
      await startPlatform(
        this._settings,
        step => this._set({ step }),
        () => this.isDisposed
      );
    } finally {
      this._starting = false;
      await this.refresh();
      hold.dispose();
    }
  }

  watch(): IDisposable {
    const listening = this._events?.listen();
    this._watchers += 1;
    if (this._watchers === 1) {
      void this._again();
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
      listening?.dispose();
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

  page<Name extends SectionName>(
    name: Name,
    offset: number,
    limit: number
  ): Promise<IPage<IRecords[Name]>> {
    const filter = this._filter.trim();
    const query = { limit, offset, ...(filter ? { filter } : {}) };
    return this._request<IPage<IRecords[Name]>>(name, query);
  }

  dispose(): void {
    this._events?.happened.disconnect(this._hear);
    this._events?.liveChanged.disconnect(this._turn);
    this._catchingUp.dispose();
    this._typing.dispose();
    this._poll.dispose();
    Signal.clearData(this);
  }

  // Events

  /** What was told may have begun before events came, or have been missed since they went. */
  private readonly _turn = (): void => {
    this._poll.frequency = this._frequency;
    if (this.watched) {
      void this._again();
    }
  };

  private readonly _hear = (_: IEvents, event: IEvent): void => {
    if (!this.watched) {
      // Who watches next asks for everything.
      return;
    }
    if (event.type === 'reset') {
      void this._again();
      return;
    }
    const whole = event.type === 'away' || event.type === 'watched';
    const kind = whole ? event.id : event.type;
    const name = listOf(kind);
    if (!name) {
      // The platform; promotions and deployments are in no list here.
      if (event.type === 'platform') {
        this._set({ step: event.data as IPlatformStep });
      }
      if (kind === 'platform') {
        this._stale.add('status');
        void this._catchingUp.invoke();
      }
      return;
    }
    this._listChanged.emit(name);
    this._heard.set(name, this._heardOf(name) + 1);
    const list: IList<Item> = this._snapshot.lists[name];
    const items = whole ? null : replaced(name, list, event);
    if (items) {
      this._setList(name, { items });
      this._set({});
      return;
    }
    // It is new, or gone: the counts have changed, too.
    this._stale.add('status');
    this._stale.add(name);
    void this._catchingUp.invoke();
  };

  private async _catchUp(): Promise<void> {
    const stale = new Set(this._stale);
    this._stale.clear();
    const lists = SECTIONS.filter(name => stale.has(name));
    const [told] = await Promise.all([
      this._request<IStatus>('status').then(
        status => ({ status, failure: null, at: Date.now() }),
        (error: unknown) => ({ failure: asRequestError(error) })
      ),
      ...lists.map(name => this._askList(name))
    ]);
    this._set(told);
  }

  // Questions

  private get _frequency(): IPoll.Frequency {
    const live = this._events?.live ?? false;
    const interval = live
      ? Math.max(LIVE_PAUSE, this._interval)
      : this._interval;
    return { interval, backoff: true, max: Math.max(LONGEST_PAUSE, interval) };
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

  private async _askLists(): Promise<void> {
    await Promise.all(SECTIONS.map(name => this._askList(name)));
    SECTIONS.forEach(name => this._listChanged.emit(name));
    this._set({});
  }

  private _askList(name: SectionName): Promise<void> {
    return this._lists[name]();
  }

  private async _readList(name: SectionName): Promise<void> {
    if (!this._wanted.has(name)) {
      return;
    }
    const filter = this._filter;
    const heard = this._heardOf(name);
    const found = await this.page(name, 0, this._rows).then(
      ({ items, total }) => ({ items, total, loaded: true, failure: null }),
      (error: unknown) => ({ failure: asRequestError(error) })
    );
    if (filter !== this._filter) {
      // An answer to what somebody has typed over is none.
      return;
    }
    if (heard !== this._heardOf(name)) {
      // What was told meanwhile may be newer than the answer.
      this._stale.add(name);
      void this._catchingUp.invoke();
      if (this._snapshot.lists[name].loaded) {
        return;
      }
    }
    this._setList(name, found);
  }

  private _request<T>(
    path: string,
    query: Readonly<Record<string, string | number>> = {}
  ): Promise<T> {
    return request<T>(path, query, this._settings);
  }

  /** How many events have told of a list. */
  private _heardOf(name: SectionName): number {
    return this._heard.get(name) ?? 0;
  }

  private _setList(name: SectionName, change: Partial<IList<Item>>): void {
    const lists: Lists = this._snapshot.lists;
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

  private readonly _again: () => Promise<void>;
  private readonly _catchingUp: Throttler;
  private readonly _changed = new Signal<this, ISnapshot>(this);
  private readonly _events: IEvents | null;
  private readonly _heard = new Map<SectionName, number>();
  private readonly _listChanged = new Signal<this, SectionName>(this);
  private readonly _lists = Object.fromEntries(
    SECTIONS.map(name => [name, inTurn(() => this._readList(name))])
  ) as Record<SectionName, () => Promise<void>>;
  private readonly _poll: Poll<void>;
  private readonly _settings: ServerConnection.ISettings;
  private readonly _stale = new Set<SectionName | 'status'>();
  private readonly _typing: Debouncer;
  private readonly _wanted = new Set<SectionName>();
  private _filter = '';
  private _interval: number;
  private _rows: number;
  private _starting = false;
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
    step: null,
    refreshing: false,
    filter: '',
    at: 0
  };
}

/**
 * A namespace for `Line` statics.
 */
export namespace Line {
  export interface IOptions {
    serverSettings?: ServerConnection.ISettings;
    /** What tells of changes; without it they are asked for. */
    events?: IEvents;
    /** Milliseconds between two questions where no events come. */
    interval?: number;
    /** How many items of each list to ask for. */
    rows?: number;
    /** Milliseconds between two questions that events give rise to. */
    patience?: number;
  }
}
