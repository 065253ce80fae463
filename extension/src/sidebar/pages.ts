import { Throttler } from '@lumino/polling';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { asRequestError } from '../asking';
import type { RequestError } from '../request';
import type { IPage } from '../tokens';

/**
 * A list that is too long to be there at once: the parts that are looked at are asked for, page by
 * page, and asked for again when something changed.
 */
export class Pages<T> implements IDisposable {
  constructor(
    private readonly _ask: (offset: number, limit: number) => Promise<IPage<T>>,
    options: Pages.IOptions = {}
  ) {
    this.size = options.size ?? 100;
    this._total = options.total ?? 0;
    this._renewing = new Throttler(() => this._renew(), {
      limit: options.patience ?? 1_000,
      edge: 'trailing'
    });
  }

  /** How many records a page has. */
  readonly size: number;

  get total(): number {
    return this._total;
  }

  get failure(): RequestError | null {
    return this._failure;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The record at a place, undefined while it is not here yet. */
  at(place: number): T | undefined {
    return this._pages.get(Math.floor(place / this.size))?.[place % this.size];
  }

  /** All records that are here, in their order. */
  get here(): readonly T[] {
    return [...this._pages.keys()]
      .sort((a, b) => a - b)
      .flatMap(page => this._pages.get(page) ?? []);
  }

  /** Say which places are looked at, from `from` to before `to`. */
  want(from: number, to: number): void {
    const first = Math.floor(from / this.size);
    const last = Math.floor(Math.max(from, to - 1) / this.size);
    this._seen = Array.from(
      { length: last - first + 1 },
      (_, at) => first + at
    );
    this._seen.forEach(page => {
      if (!this._pages.has(page) && !this._asked.has(page)) {
        void this._load(page);
      }
    });
  }

  /** Something has changed: what is looked at is asked for again, the rest when it is seen. */
  renew(): void {
    void this._renewing.invoke();
  }

  dispose(): void {
    this._disposed = true;
    this._renewing.dispose();
    Signal.clearData(this);
  }

  private async _renew(): Promise<void> {
    // What is seen stays until its successor is here.
    [...this._pages.keys()]
      .filter(page => !this._seen.includes(page))
      .forEach(page => this._pages.delete(page));
    await Promise.all(this._seen.map(page => this._load(page)));
  }

  private async _load(page: number): Promise<void> {
    this._asked.add(page);
    try {
      const found = await this._ask(page * this.size, this.size);
      this._pages.set(page, found.items);
      this._total = found.total;
      this._failure = null;
    } catch (error) {
      this._failure = asRequestError(error);
    } finally {
      this._asked.delete(page);
      if (!this._disposed) {
        this._changed.emit();
      }
    }
  }

  private readonly _asked = new Set<number>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _pages = new Map<number, readonly T[]>();
  private readonly _renewing: Throttler;
  private _disposed = false;
  private _failure: RequestError | null = null;
  private _seen: readonly number[] = [];
  private _total: number;
}

/**
 * A namespace for `Pages` statics.
 */
export namespace Pages {
  export interface IOptions {
    size?: number;
    /** How many records there are, as far as it is known. */
    total?: number;
    /** Milliseconds between two renewals. */
    patience?: number;
  }
}
