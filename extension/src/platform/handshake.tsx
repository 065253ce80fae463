import { Dialog } from '@jupyterlab/apputils';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { request, RequestError } from '../request';
import { CommandLine } from '../sidebar/notice';
import { parted } from './fix';

/** One part that is of another version than the server. */
export interface IMismatch {
  readonly part: string;
  readonly version: string;
  readonly expected: string;
  readonly message: string;
  readonly fix: string;
}

interface IVersion {
  readonly server: string;
  readonly agrees: boolean;
  readonly mismatches: readonly IMismatch[];
}

/** Versions of what a page has to do with. */
type Parts = Readonly<Record<string, string>>;

/**
 * Asks the server whether versions fit together, and explains once where they do not.
 */
export class Handshake {
  constructor(private readonly _options: Handshake.IOptions) {}

  /** Explain, unless these versions were explained on this page or fit. */
  async tell(parts: Parts): Promise<void> {
    const key = JSON.stringify(parts);
    if (this._told.has(key)) {
      return;
    }
    this._told.add(key);
    const { serverSettings, trans } = this._options;
    try {
      const found = await request<IVersion>('version', parts, serverSettings);
      if (!found.agrees) {
        await explain(found.mismatches, trans);
      }
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      // A server that cannot tell is explained by the panels; it may be asked again.
      this._told.delete(key);
    }
  }

  private readonly _told = new Set<string>();
}

/**
 * A namespace for `Handshake` statics.
 */
export namespace Handshake {
  export interface IOptions {
    serverSettings: ServerConnection.ISettings;
    trans: TranslationBundle;
  }
}

async function explain(
  mismatches: readonly IMismatch[],
  trans: TranslationBundle
): Promise<void> {
  const page = mismatches.some(({ part }) => part === 'extension');
  const reload = Dialog.okButton({ label: trans.__('Reload the Page') });
  const close = page
    ? Dialog.cancelButton({ label: trans.__('Not Now') })
    : Dialog.okButton({ label: trans.__('Close') });
  const dialog = new Dialog({
    title: trans.__('Two versions of labline'),
    body: new Explanation(mismatches, trans),
    buttons: page ? [close, reload] : [close]
  });
  const { button } = await dialog.launch();
  if (page && button.accept) {
    window.location.reload();
  }
}

class Explanation extends ReactWidget {
  constructor(
    private readonly _mismatches: readonly IMismatch[],
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-labline');
    this.addClass('jp-labline-form');
  }

  protected override render(): React.ReactElement {
    const trans = this._trans;
    return (
      <>
        <p>
          {trans.__(
            'Parts of labline that work together must be of one version, or they may not understand each other.'
          )}
        </p>
        {this._mismatches.map(one => (
          <Mismatch key={one.part} mismatch={one} trans={trans} />
        ))}
      </>
    );
  }
}

function Mismatch(props: {
  mismatch: IMismatch;
  trans: TranslationBundle;
}): React.ReactElement {
  const { mismatch, trans } = props;
  const [says, command] = parted(mismatch.fix);
  const names: Readonly<Record<string, string>> = {
    extension: trans.__('This page'),
    kernel: trans.__('The kernel')
  };
  return (
    <section className="jp-labline-mismatch">
      <dl>
        <div>
          <dt>{names[mismatch.part] ?? mismatch.part}</dt>
          <dd>{mismatch.version}</dd>
        </div>
        <div>
          <dt>{trans.__('The Jupyter server')}</dt>
          <dd>{mismatch.expected}</dd>
        </div>
      </dl>
      <p>{says}</p>
      {command && <CommandLine text={command} trans={trans} />}
    </section>
  );
}
