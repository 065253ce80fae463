import type { ServerConnection } from '@jupyterlab/services';
import type { VDomRenderer } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { asRequestError, isRenewal } from '../asking';
import type { RequestError } from '../request';
import { request, send } from '../request';
import type { IEvent, IEvents } from '../tokens';
import { inTurn, refresher } from '../turn';
import type { IJobDetail, ILogPiece, ISubmitted } from './records';
import { Tail } from './tail';

/** Pieces of a log that are asked for at a time. */
const PIECES = 8;
/** Bytes of a log at its end that are read; what lies before is passed over by the server. */
const MOST = 512 * 1024;
/** Milliseconds between two questions about a job that runs: its log is told by no event. */
const BUSY = 1_000;
/** Milliseconds between two questions about one that waits, while events tell how it stands. */
const LIVE = 60_000;

/**
 * Follows one job while somebody looks at it, until it has ended. Events tell how it stands.
 */
export class JobFollower implements VDomRenderer.IModel {
  constructor(options: JobFollower.IOptions) {
    this.id = options.id;
    this._settings = options.serverSettings;
    this._poll = new Poll({
      auto: false,
      name: `labline:job:${options.id}`,
      // The poll asks by the clock while an answer may be under way.
      factory: inTurn(() => this._ask()),
      frequency: { interval: BUSY, backoff: true, max: LIVE },
      standby: () => (options.seen() ? 'when-hidden' : true)
    });
    this._again = refresher(this._poll);
    this._events = options.events ?? null;
    this._listening = this._events?.listen() ?? null;
    this._events?.happened.connect(this._hear);
    this._events?.liveChanged.connect(this._turn);
  }

  readonly id: string;
  readonly tail = new Tail();

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Null before the first answer. */
  get detail(): IJobDetail | null {
    return this._detail;
  }

  get failure(): RequestError | null {
    return this._failure;
  }

  /** Whether something was asked for that is not done. */
  get busy(): boolean {
    return this._busy;
  }

  /** Look now, unless there is nothing more to come. */
  look(): void {
    if (!this._ended) {
      void this._again();
    }
  }

  async cancel(): Promise<void> {
    await this._order<unknown>('cancel');
  }

  /** Queue it once more; null where that was refused, which is then told. */
  async retry(): Promise<ISubmitted | null> {
    return this._order<ISubmitted>('retry');
  }

  dispose(): void {
    this._unlisten();
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async _ask(): Promise<void> {
    try {
      if (this._stale || !this._events?.live) {
        this._stale = false;
        this._detail = await request<IJobDetail>(
          this._path,
          {},
          this._settings
        );
      }
      const ended = await this._read();
      this._failure = null;
      this._pace();
      if (ended) {
        this._ended = true;
        this._unlisten();
        void this._poll.stop();
      }
    } catch (error) {
      this._stale = true;
      this._failure = asRequestError(error);
      throw error;
    } finally {
      this._emit();
    }
  }

  private readonly _hear = (_: IEvents, event: IEvent): void => {
    if (isRenewal(event) || (event.type === 'job' && event.id === this.id)) {
      this._turn();
    }
  };

  private readonly _turn = (): void => {
    this._stale = true;
    this.look();
  };

  /** Ask seldom for what events tell: only a job that runs has a log that grows. */
  private _pace(): void {
    const waits = this._detail?.job.status === 'queued' && this._events?.live;
    const interval = waits ? LIVE : BUSY;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { interval, backoff: true, max: LIVE };
    }
  }

  private _unlisten(): void {
    this._events?.happened.disconnect(this._hear);
    this._events?.liveChanged.disconnect(this._turn);
    this._listening?.dispose();
    this._listening = null;
  }

  /** Read on in the log; return whether that was the end of it. */
  private async _read(): Promise<boolean> {
    for (let count = 0; count < PIECES; count++) {
      const piece = await request<ILogPiece>(
        `${this._path}/log`,
        { after: this._after, most: MOST },
        this._settings
      );
      this.tail.append(piece.text, piece.skipped);
      this._after = piece.next;
      if (!piece.more) {
        return piece.ended && this._isOver;
      }
    }
    return false;
  }

  /** The detail was asked for before the log: a job that ended between is asked for once more. */
  private get _isOver(): boolean {
    return this._detail !== null && this._detail.job.ended !== null;
  }

  private async _order<T>(verb: string): Promise<T | null> {
    this._busy = true;
    this._emit();
    try {
      return await send<T>(`${this._path}/${verb}`, {}, this._settings);
    } catch (error) {
      this._failure = asRequestError(error);
      return null;
    } finally {
      this._busy = false;
      this._stale = true;
      this._emit();
      this.look();
    }
  }

  private get _path(): string {
    return `jobs/${encodeURIComponent(this.id)}`;
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._stateChanged.emit();
    }
  }

  private readonly _again: () => Promise<void>;
  private readonly _events: IEvents | null;
  private readonly _poll: Poll<void>;
  private readonly _settings: ServerConnection.ISettings;
  private readonly _stateChanged = new Signal<this, void>(this);
  private _detail: IJobDetail | null = null;
  private _failure: RequestError | null = null;
  private _after = 0;
  private _busy = false;
  private _ended = false;
  private _listening: IDisposable | null = null;
  private _stale = true;
}

/**
 * A namespace for `JobFollower` statics.
 */
export namespace JobFollower {
  export interface IOptions {
    id: string;
    /** What tells of changes; without it they are asked for. */
    events?: IEvents;
    serverSettings: ServerConnection.ISettings;
    /** Whether anybody sees it now; nothing is asked else. */
    seen: () => boolean;
  }
}
