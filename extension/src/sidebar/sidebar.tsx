import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { lablineIcon } from '../icons';
import type { SectionName } from '../records';
import { SECTIONS } from '../records';
import type { ILine } from '../tokens';
import { Choice } from './choice';
import { Chosen } from './comparing';
import { Panel } from './panel';
import { RunCommand } from './running';

const STATE = 'labline:sidebar';

/**
 * The left sidebar. It watches the line while it is shown, and remembers which sections are open.
 */
export class Sidebar extends ReactWidget {
  constructor(options: Sidebar.IOptions) {
    super();
    this._line = options.line;
    this._run = options.run;
    this._state = options.state;
    this._trans = options.trans;
    this.id = 'labline-sidebar';
    this.addClass('jp-labline');
    this.title.icon = lablineIcon;
    this.title.caption = this._trans.__('Labline');
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Labline'));
    SECTIONS.forEach(name => this._line.want(name, true));
    void this._restore();
  }

  override dispose(): void {
    this._watching?.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._watching ??= this._line.watch();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._unwatch();
  }

  protected override onBeforeDetach(msg: Message): void {
    this._unwatch();
    super.onBeforeDetach(msg);
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._line.changed} initialSender={this._line}>
        {() => (
          <RunCommand.Provider value={this._run}>
            <Chosen.Provider value={this._choice}>
              <Panel
                line={this._line}
                snapshot={this._line.snapshot}
                closed={this._closed}
                trans={this._trans}
                onRefresh={() => void this._line.refresh()}
                onToggle={name => this._toggle(name)}
              />
            </Chosen.Provider>
          </RunCommand.Provider>
        )}
      </UseSignal>
    );
  }

  private _unwatch(): void {
    this._watching?.dispose();
    this._watching = null;
  }

  private _toggle(name: SectionName): void {
    const closed = new Set(this._closed);
    if (!closed.delete(name)) {
      closed.add(name);
    }
    this._close(closed);
    void this._state?.save(STATE, { closed: [...closed] });
  }

  private async _restore(): Promise<void> {
    const saved = await this._state?.fetch(STATE);
    const closed = (saved as { closed?: unknown } | undefined)?.closed;
    if (Array.isArray(closed)) {
      this._close(new Set(SECTIONS.filter(name => closed.includes(name))));
    }
  }

  private _close(closed: ReadonlySet<SectionName>): void {
    this._closed = closed;
    SECTIONS.forEach(name => this._line.want(name, !closed.has(name)));
    this.update();
  }

  private readonly _choice = new Choice();
  private readonly _line: ILine;
  private readonly _run: (
    command: string,
    args: ReadonlyPartialJSONObject
  ) => void;
  private readonly _state: IStateDB | null;
  private readonly _trans: TranslationBundle;
  private _closed: ReadonlySet<SectionName> = new Set();
  private _watching: IDisposable | null = null;
}

/**
 * A namespace for `Sidebar` statics.
 */
export namespace Sidebar {
  export interface IOptions {
    line: ILine;
    /** Runs a command of JupyterLab. */
    run: (command: string, args: ReadonlyPartialJSONObject) => void;
    /** Where it is remembered which sections are open. */
    state: IStateDB | null;
    trans: TranslationBundle;
  }
}
