import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { fileName } from '../format';
import type { IRecording } from './recording';
import { begin, end, look } from './recording';

/**
 * The recording of one notebook's kernel, as it was last told.
 */
export class NotebookRecorder implements IDisposable {
  constructor(private readonly _panel: NotebookPanel) {
    const { sessionContext } = _panel;
    sessionContext.kernelChanged.connect(this._restart);
    sessionContext.statusChanged.connect(this._follow);
    void sessionContext.ready.then(() => this.look());
  }

  /** Null where it is not known, or labline is not loaded in the kernel. */
  get recording(): IRecording | null {
    return this._recording;
  }

  /** Whether an answer is being waited for that changes the recording. */
  get busy(): boolean {
    return this._busy;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Begin where nothing is recorded, else end; return how it stands then. */
  async toggle(): Promise<IRecording | null> {
    const kernel = this._panel.sessionContext.session?.kernel;
    if (!kernel || this._busy) {
      return this._recording;
    }
    this._busy = true;
    this._changed.emit();
    try {
      const name = fileName(this._panel.context.path);
      this._recording = await (this._recording?.active
        ? end(kernel)
        : begin(kernel, name));
    } finally {
      this._busy = false;
      this._changed.emit();
    }
    return this._recording;
  }

  /** Ask the kernel; a cell may have switched the recording itself. */
  async look(): Promise<void> {
    const kernel = this._panel.sessionContext.session?.kernel;
    if (!kernel || this._busy) {
      return;
    }
    try {
      this._recording = await look(kernel);
    } catch {
      // A kernel of another language, or one that has just gone.
      this._recording = null;
    }
    this._changed.emit();
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    const { sessionContext } = this._panel;
    sessionContext.kernelChanged.disconnect(this._restart);
    sessionContext.statusChanged.disconnect(this._follow);
    Signal.clearData(this);
  }

  private readonly _restart = (): void => {
    this._recording = null;
    this._changed.emit();
    void this.look();
  };

  private readonly _follow = (_: unknown, status: string): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      this._restarted = true;
      this._recording = null;
      this._changed.emit();
    } else if (status === 'idle' && this._restarted) {
      this._restarted = false;
      void this.look();
    }
  };

  private readonly _changed = new Signal<this, void>(this);
  private _busy = false;
  private _disposed = false;
  private _recording: IRecording | null = null;
  private _restarted = false;
}
