import { Dialog } from '@jupyterlab/apputils';

import { rendered } from '../dialog';
import { fileName } from '../format';
import { OrderBody } from './body';
import type { Order } from './model';
import type { ISubmitted } from './records';

/**
 * Asks how a notebook is to be run. It closes when the jobs are queued, and stays where they are
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
    this._form = body;
  }

  override async launch(): Promise<Dialog.IResult<unknown>> {
    await rendered(this._form);
    return super.launch();
  }

  /** What was queued; null where somebody thought better of it. */
  get submitted(): ISubmitted | null {
    return this._submitted;
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

  private readonly _form: OrderBody;
  private _submitted: ISubmitted | null = null;
}
