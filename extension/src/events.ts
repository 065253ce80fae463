import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IEvent, IEvents } from './tokens';

const PATH = 'labline/api/events';

/**
 * What changes on the server, told over one WebSocket that all panels share.
 *
 * It is open while somebody listens and the page is seen. A connection that is lost is made again,
 * less and less often, and what was missed is asked for by the number of the last event.
 */
export class Events implements IEvents, IDisposable {
  constructor(options: Events.IOptions = {}) {
    this._settings = options.serverSettings ?? ServerConnection.makeSettings();
    this._least = options.least ?? 1_000;
    this._most = options.most ?? 60_000;
  }

  get live(): boolean {
    return this._live;
  }

  get liveChanged(): ISignal<this, boolean> {
    return this._liveChanged;
  }

  get happened(): ISignal<this, IEvent> {
    return this._happened;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Whether nobody sees the page, so that nothing need be told. */
  set hidden(hidden: boolean) {
    this._hidden = hidden;
    this._settle();
  }

  listen(): IDisposable {
    this._listeners += 1;
    this._settle();
    return new DisposableDelegate(() => {
      this._listeners -= 1;
      this._settle();
    });
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._settle();
      Signal.clearData(this);
    }
  }

  private get _wanted(): boolean {
    return this._listeners > 0 && !this._hidden && !this._disposed;
  }

  /** Open where it is wanted, close where it is not. */
  private _settle(): void {
    if (this._wanted && !this._socket && this._timer === undefined) {
      this._open();
    } else if (!this._wanted) {
      clearTimeout(this._timer);
      this._timer = undefined;
      this._socket?.close();
      this._lose(this._socket);
    }
  }

  private _open(): void {
    const { appendToken, token, WebSocket, wsUrl } = this._settings;
    const query = appendToken && token ? { token } : {};
    const url = URLExt.join(wsUrl, PATH) + URLExt.objectToQueryString(query);
    const socket = new WebSocket(url);
    this._socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this._socket && typeof data === 'string') {
        this._hear(JSON.parse(data) as IEvent, socket);
      }
    };
    socket.onclose = () => this._retry(socket);
    socket.onerror = () => this._retry(socket);
  }

  private _hear(event: IEvent, socket: WebSocket): void {
    if (event.type === 'hello') {
      this._greet(event.seq, socket);
      return;
    }
    this._last = Math.max(this._last, event.seq);
    this._happened.emit(event);
  }

  private _greet(seq: number, socket: WebSocket): void {
    if (this._last > 0) {
      socket.send(JSON.stringify({ after: this._last }));
    } else {
      this._last = seq;
    }
    this._failed = 0;
    this._live = true;
    this._liveChanged.emit(true);
  }

  private _retry(socket: WebSocket): void {
    if (socket !== this._socket) {
      return;
    }
    this._lose(socket);
    if (this._wanted) {
      const pause = Math.min(this._most, this._least * 2 ** this._failed);
      this._failed += 1;
      this._timer = setTimeout(
        () => {
          this._timer = undefined;
          this._settle();
        },
        // Not every page of a server that was away comes back at once.
        pause * (0.75 + Math.random() / 2)
      );
    }
  }

  private _lose(socket: WebSocket | null): void {
    if (socket) {
      socket.onmessage = socket.onclose = null;
      // A socket that is closed before it was open says so here.
      socket.onerror = () => undefined;
    }
    this._socket = null;
    if (this._live) {
      this._live = false;
      this._liveChanged.emit(false);
    }
  }

  private readonly _happened = new Signal<this, IEvent>(this);
  private readonly _least: number;
  private readonly _liveChanged = new Signal<this, boolean>(this);
  private readonly _most: number;
  private readonly _settings: ServerConnection.ISettings;
  private _disposed = false;
  private _failed = 0;
  private _hidden = false;
  private _last = 0;
  private _listeners = 0;
  private _live = false;
  private _socket: WebSocket | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * A namespace for `Events` statics.
 */
export namespace Events {
  export interface IOptions {
    serverSettings?: ServerConnection.ISettings;
    /** Milliseconds until a lost connection is made again the first time. */
    least?: number;
    /** The longest pause between two tries. */
    most?: number;
  }
}
