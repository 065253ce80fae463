import { PageConfig } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents, Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { VERSION } from '../version';
import { forget, tell } from './recording';

/** The kernel's side is `labline.kernel.identity`. */
const TARGET = 'labline.identity';
/** Milliseconds without a change until the cells are told. */
const SETTLED = 500;

/**
 * What the kernel answers.
 */
export interface IKernelState {
  /** Of labline in the kernel. */
  readonly version: string;
  readonly recording: { readonly on: boolean };
}

/**
 * Tells the kernel of a notebook which notebook it is: its path, now and when it is renamed or
 * moved, and its cells. Two notebooks on one kernel are told apart by these; a console tells
 * nothing.
 */
export class NotebookIdentity implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _contents: Contents.IManager
  ) {
    const { context, sessionContext } = _panel;
    context.pathChanged.connect(this._moved);
    sessionContext.kernelChanged.connect(this._forget);
    sessionContext.statusChanged.connect(this._follow);
    _panel.content.modelContentChanged.connect(this._edited);
  }

  /** Emitted with each answer of the kernel. */
  get told(): ISignal<this, IKernelState> {
    return this._told;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Whether the kernel was told. */
  get open(): boolean {
    return this._comm !== null || this._asked !== null;
  }

  /**
   * Tell the kernel now, as the notebook in front. To be called once labline is loaded there: a
   * kernel without it has nobody who listens.
   */
  tell(): void {
    const kernel = this._panel.sessionContext.session?.kernel;
    if (this._disposed || !kernel) {
      return;
    }
    if (kernel.handleComms) {
      this._send(kernel, this._identity());
    } else {
      // Of several notebooks on one kernel the connection of the first alone carries comms.
      void this._request(kernel, this._identity());
    }
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    const { context, sessionContext } = this._panel;
    context.pathChanged.disconnect(this._moved);
    sessionContext.kernelChanged.disconnect(this._forget);
    sessionContext.statusChanged.disconnect(this._follow);
    this._editing.dispose();
    this._leave();
    Signal.clearData(this);
  }

  private _send(kernel: Kernel.IKernelConnection, identity: JSONObject): void {
    if (this._comm && !this._comm.isDisposed) {
      this._comm.send(identity);
      return;
    }
    const comm = kernel.createComm(TARGET);
    comm.onMsg = message =>
      this._told.emit(message.content.data as unknown as IKernelState);
    comm.onClose = () => {
      this._comm = null;
    };
    comm.open(identity);
    this._comm = comm;
  }

  private async _request(
    kernel: Kernel.IKernelConnection,
    identity: JSONObject
  ): Promise<void> {
    this._asked = kernel;
    try {
      this._told.emit(await tell<IKernelState>(kernel, this._page, identity));
    } catch {
      // It has just gone, or labline was not loaded after all.
      this._asked = null;
    }
  }

  /** The kernel may live on without this notebook. */
  private _leave(): void {
    if (this._comm && !this._comm.isDisposed) {
      this._comm.close();
    }
    if (this._asked && !this._asked.isDisposed) {
      void forget(this._asked, this._page).catch(() => undefined);
    }
  }

  private _identity(): JSONObject {
    this._cells = this._ids();
    return {
      path: this._contents.localPath(this._panel.context.path),
      root: PageConfig.getOption('serverRoot'),
      version: VERSION,
      cells: this._cells
    };
  }

  private _ids(): string[] {
    const cells = this._panel.content.model?.cells;
    return cells ? Array.from(cells, cell => cell.id) : [];
  }

  private readonly _moved = (): void => {
    if (this.open) {
      this.tell();
    }
  };

  private readonly _edited = (): void => {
    if (this.open) {
      void this._editing.invoke();
    }
  };

  private readonly _forget = (): void => {
    this._comm = this._asked = null;
  };

  private readonly _follow = (_: unknown, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      this._forget();
    }
  };

  private readonly _editing = new Debouncer(() => {
    // What is typed into a cell changes no id.
    if (this._ids().join() !== this._cells.join()) {
      this._moved();
    }
  }, SETTLED);
  private readonly _told = new Signal<this, IKernelState>(this);
  private _cells: string[] = [];
  private readonly _page = UUID.uuid4();
  private _comm: Kernel.IComm | null = null;
  /** The kernel that was told without a comm. */
  private _asked: Kernel.IKernelConnection | null = null;
  private _disposed = false;
}
