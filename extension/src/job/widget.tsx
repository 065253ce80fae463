import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { IEvents } from '../tokens';
import { JobFollower } from './follower';
import { JobView } from './view';

/**
 * The page of one job. It asks for news while it is seen.
 */
export class JobPanel extends ReactWidget {
  constructor(private readonly _options: JobPanel.IOptions) {
    super();
    this.addClass('jp-labline');
    this.addClass('jp-labline-job');
    this.follower = new JobFollower({
      id: _options.id,
      events: _options.events,
      serverSettings: _options.serverSettings,
      seen: () => this.isVisible
    });
  }

  readonly follower: JobFollower;

  override dispose(): void {
    this.follower.dispose();
    super.dispose();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.follower.look();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.follower.look();
  }

  protected override render(): React.ReactElement {
    const { onNamed, onOpen, onOpenOutput, onOpenSweep, onStart, trans } =
      this._options;
    const retry = async () => {
      const submitted = await this.follower.retry();
      submitted?.jobs.forEach(job => onOpen(job.id));
    };
    return (
      <UseSignal signal={this.follower.stateChanged}>
        {() => (
          <JobView
            follower={this.follower}
            trans={trans}
            onNamed={onNamed}
            onRetry={() => void retry()}
            onOpenOutput={onOpenOutput}
            onOpenSweep={onOpenSweep}
            onStart={onStart}
          />
        )}
      </UseSignal>
    );
  }
}

/**
 * A namespace for `JobPanel` statics.
 */
export namespace JobPanel {
  export interface IOptions {
    id: string;
    events: IEvents;
    serverSettings: ServerConnection.ISettings;
    trans: TranslationBundle;
    /** It is known which notebook is run. */
    onNamed: (name: string) => void;
    /** Open another job. */
    onOpen: (id: string) => void;
    /** Show the sweep that the job is a trial of. */
    onOpenSweep: (id: string) => void;
    /** Start the platform. */
    onStart: () => void;
    /** Open a notebook by its path on the server. */
    onOpenOutput: (path: string) => void;
  }
}
