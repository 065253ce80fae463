import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * Say why the kernel does not record, and what mends it.
 */
export async function explain(
  error: unknown,
  trans: TranslationBundle
): Promise<void> {
  await showDialog({
    title: trans.__('This kernel cannot record'),
    body: reason(error, trans),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

function reason(error: unknown, trans: TranslationBundle): string {
  const { message, name } = error as Error;
  return name === 'ModuleNotFoundError'
    ? trans.__(
        'labline is not installed in the environment of this kernel (%1). Choose the kernel “Python 3 (labline)”, or run “%pip install labline” in a cell and restart the kernel.',
        message
      )
    : trans.__('The kernel answered: %1: %2', name, message);
}
