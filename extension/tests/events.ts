import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IEvent, IEvents } from '../src/tokens';

/**
 * Events that a test tells.
 */
export class FakeEvents implements IEvents {
  readonly happened = new Signal<this, IEvent>(this);
  readonly liveChanged = new Signal<this, boolean>(this);
  listeners = 0;

  get live(): boolean {
    return this._live;
  }

  set live(live: boolean) {
    this._live = live;
    this.liveChanged.emit(live);
  }

  tell(type: string, id: string, data: unknown): void {
    this._seq += 1;
    this.happened.emit({ seq: this._seq, type, id, data });
  }

  listen(): IDisposable {
    this.listeners += 1;
    return new DisposableDelegate(() => {
      this.listeners -= 1;
    });
  }

  private _live = false;
  private _seq = 0;
}
