import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { Seen } from './seen';

/**
 * Name the page, once it is known what it shows.
 */
export function useName(
  name: string | null,
  onNamed: (name: string) => void
): void {
  React.useEffect(() => {
    if (name) {
      onNamed(name);
    }
  }, [name, onNamed]);
}

/**
 * A page of the main area that one component draws. It asks for nothing while nobody sees it.
 */
export class Page<P extends object> extends ReactWidget {
  constructor(
    private readonly _component: React.ComponentType<P>,
    private readonly _props: P
  ) {
    super();
    this.addClass('jp-labline');
    this.addClass('jp-labline-view');
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this.update();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this.update();
  }

  protected override render(): React.ReactElement {
    const Component = this._component;
    return (
      <Seen.Provider value={this.isVisible}>
        <Component {...this._props} />
      </Seen.Provider>
    );
  }
}
