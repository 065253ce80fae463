import type { ServerConnection } from '@jupyterlab/services';
import { VDomModel } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';

import { request, RequestError, send } from '../request';
import type { IJobDetail, ILogPiece, ISubmitted } from './records';
import { Tail } from './tail';

/** Pieces of a log that are asked for at a time. */
const PIECES = 8;

/**
 * Follows one job while somebody looks at it, until it has ended.
 */
export class JobFollower extends VDomModel {
  constructor(options: JobFollower.IOptions) {
    super();
    this.id = options.id;
    this._settings = options.serverSettings;
    this._poll = new Poll({
      auto: false,
      name: `labline:job:${options.id}`,
      factory: () => this._ask(),
      frequency: { interval: 1_000, backoff: true, max: 30_000 },
      standby: () => (options.seen() ? 'when-hidden' : true)
    });
  }

  readonly id: string;
  readonly tail = new Tail();

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
      void this._poll.refresh();
    }
  }

  async cancel(): Promise<void> {
    await this._order<unknown>('cancel');
  }

  /** Queue it once more; null where that was refused, which is then told. */
  async retry(): Promise<ISubmitted | null> {
    return this._order<ISubmitted>('retry');
  }

  override dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  private async _ask(): Promise<void> {
    try {
      this._detail = await request<IJobDetail>(this._path, {}, this._settings);
      const ended = await this._read();
      this._failure = null;
      if (ended) {
        this._ended = true;
        void this._poll.stop();
      }
    } catch (error) {
      this._failure = asRequestError(error);
      throw error;
    } finally {
      this._emit();
    }
  }

  /** Read on in the log; return whether that was the end of it. */
  private async _read(): Promise<boolean> {
    for (let count = 0; count < PIECES; count++) {
      const piece = await request<ILogPiece>(
        `${this._path}/log`,
        { after: this._after },
        this._settings
      );
      this.tail.append(piece.text);
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
      this._emit();
      this.look();
    }
  }

  private get _path(): string {
    return `jobs/${encodeURIComponent(this.id)}`;
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  private readonly _poll: Poll<void>;
  private readonly _settings: ServerConnection.ISettings;
  private _detail: IJobDetail | null = null;
  private _failure: RequestError | null = null;
  private _after = 0;
  private _busy = false;
  private _ended = false;
}

/**
 * A namespace for `JobFollower` statics.
 */
export namespace JobFollower {
  export interface IOptions {
    id: string;
    serverSettings: ServerConnection.ISettings;
    /** Whether anybody sees it now; nothing is asked else. */
    seen: () => boolean;
  }
}

function asRequestError(error: unknown): RequestError {
  return error instanceof RequestError
    ? error
    : new RequestError('away', String(error), { cause: error });
}
