import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** The server compares no more at once. */
export const MOST = 50;

/**
 * The runs that are chosen, in the order of choosing.
 */
export class Choice {
  get ids(): readonly string[] {
    return [...this._ids];
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  has(id: string): boolean {
    return this._ids.has(id);
  }

  /** Tell which runs are there to choose from, in their order. */
  offer(ids: readonly string[]): void {
    this._offered = ids;
  }

  /**
   * Choose a run or leave it.
   *
   * @param through whether all between it and the last one that was set are meant, too
   */
  set(id: string, chosen: boolean, through = false): void {
    const [from, to] = [this._last, id].map(one => this._offered.indexOf(one));
    const reach =
      through && from !== undefined && to !== undefined && from >= 0 && to >= 0
        ? this._offered.slice(Math.min(from, to), Math.max(from, to) + 1)
        : [id];
    reach.forEach(one => (chosen ? this._add(one) : this._ids.delete(one)));
    this._last = id;
    this._changed.emit();
  }

  clear(): void {
    this._ids.clear();
    this._changed.emit();
  }

  private _add(id: string): void {
    if (this._ids.size < MOST) {
      this._ids.add(id);
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _ids = new Set<string>();
  private _last = '';
  private _offered: readonly string[] = [];
}
