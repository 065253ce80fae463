import { Dialog } from '@jupyterlab/apputils';

import { goRound, rendered } from '../dialog';
import { fileName } from '../format';
import { OrderBody } from './body';
import type { Order, Outcome } from './model';

/**
 * Asks how and when a notebook is to be run. It closes when that is queued, and stays where it is
 * refused, with the reason.
 */
export class OrderDialog extends Dialog<unknown> {
  constructor(private readonly _order: Order) {
    const { path, trans } = _order;
    const body = new OrderBody(_order);
    super({
      title: trans.__('Run %1 as a job', fileName(path)),
      body,
      buttons: [
        Dialog.cancelButton(),
        Dialog.okButton({ label: trans.__('Run') })
      ],
      focusNodeSelector: '.jp-labline-order fieldset input[type="text"]'
    });
    this.addClass('jp-labline-orderDialog');
    goRound(this.node);
    this._form = body;
    _order.stateChanged.connect(this._nameButton, this);
    _order.saveRequested.connect(this._leaveToSave, this);
  }

  override async launch(): Promise<Dialog.IResult<unknown>> {
    await rendered(this._form);
    return super.launch();
  }

  /** What came of it; null where somebody thought better of it. */
  get submitted(): Outcome | null {
    return this._submitted;
  }

  /** Whether it was left to save the notebook first. */
  get saves(): boolean {
    return this._saves;
  }

  override resolve(index?: number): void {
    // The second button is the one that runs; Enter in a field means it too.
    if (index === 0) {
      super.resolve(index);
      return;
    }
    void this._order.submit().then(submitted => {
      if (submitted && !this.isDisposed) {
        this._submitted = submitted;
        super.resolve(index);
      }
    });
  }

  /** Have the button say what it does. */
  private readonly _nameButton = (): void => {
    const { scheduled, trans } = this._order;
    const button = this.node.querySelector('.jp-Dialog-footer .jp-mod-accept');
    const label = button?.querySelector('.jp-Dialog-buttonLabel');
    if (button && label) {
      label.textContent = scheduled
        ? trans.__('Add Schedule')
        : trans.__('Run');
      button.setAttribute('aria-label', label.textContent);
    }
  };

  /** JupyterLab shows one dialog at a time: what saving asks would wait behind this one. */
  private readonly _leaveToSave = (): void => {
    this._saves = true;
    super.resolve(0);
  };

  private readonly _form: OrderBody;
  private _saves = false;
  private _submitted: Outcome | null = null;
}
