import { Dialog } from '@jupyterlab/apputils';
import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { asRequestError } from './asking';
import { Pipeline } from './pipeline';
import type { RequestError } from './request';
import { send } from './request';
import { Failure } from './sidebar/failure';
import { CommandLine, Prose } from './sidebar/notice';

/** Milliseconds without a change until the command line is asked for. */
const SETTLED = 200;
/** What the focus can be on. */
const FOCUSABLE =
  ':is(button, input, select, textarea):enabled, a[href], summary, [tabindex="0"]';

/**
 * Ask a person with a form until the server takes what they say, or they leave.
 *
 * @returns what the server answered, null where they left.
 */
export async function ask<V extends object, A>(
  options: IForm<V, A>
): Promise<A | null> {
  let value = options.value;
  let failure: RequestError | null = null;
  if (options.nothing) {
    await tell(options.title, options.nothing, options.trans);
    return null;
  }
  for (;;) {
    const body = new FormBody({ ...options, value }, failure);
    const dialog = new Dialog({
      title: options.title,
      body,
      buttons: [
        Dialog.cancelButton(),
        options.warns
          ? Dialog.warnButton({ label: options.accept })
          : Dialog.okButton({ label: options.accept })
      ],
      focusNodeSelector: 'select, input, textarea'
    });
    goRound(dialog.node);
    await rendered(body);
    const result = await dialog.launch();
    if (!result.button.accept || result.value === null) {
      return null;
    }
    value = result.value;
    try {
      return await options.submit(value);
    } catch (error) {
      failure = asRequestError(error);
    }
  }
}

/** Tell in a dialog why there is nothing to ask. */
async function tell(
  title: string,
  text: string,
  trans: TranslationBundle
): Promise<void> {
  const body = ReactWidget.create(<Prose text={text} />);
  body.addClass('jp-labline');
  body.addClass('jp-labline-form');
  const close = Dialog.okButton({ label: trans.__('Close') });
  await new Dialog({ title, body, buttons: [close] }).launch();
}

/**
 * Render the body of a dialog before it is launched: JupyterLab looks only then for what Tab comes
 * back to after the last button, and of a form it would find nothing but the buttons.
 */
export async function rendered(body: ReactWidget): Promise<void> {
  MessageLoop.sendMessage(body, Widget.Msg.UpdateRequest);
  // It is rendered well before the page is idle, which is what this waits for.
  const late = new Promise(done => setTimeout(done, SETTLED));
  await Promise.race([body.renderPromise, late]);
}

/**
 * Have Shift+Tab go from the first field of a dialog to its last button. JupyterLab takes Tab round,
 * and holds Shift+Tab at the first field.
 */
export function goRound(dialog: HTMLElement): void {
  dialog.addEventListener('keydown', event => {
    const [first] = dialog.querySelectorAll(FOCUSABLE);
    const buttons = dialog.querySelectorAll<HTMLElement>(
      '.jp-Dialog-footer button'
    );
    const back = event.key === 'Tab' && event.shiftKey;
    if (back && document.activeElement === first) {
      event.preventDefault();
      buttons[buttons.length - 1]?.focus();
    }
  });
}

/**
 * A form in a dialog.
 */
export interface IForm<V extends object, A> {
  title: string;
  /** What the button says that sends the form. */
  accept: string;
  /** Whether that takes something away. */
  warns?: boolean;
  value: V;
  trans: TranslationBundle;
  serverSettings: ServerConnection.ISettings;
  /** What `POST cli` calls it: the dialog shows the equal command line. */
  action: string;
  /** Why there is nothing to ask; it is told instead. */
  nothing?: string;
  /** Whether a CI system can do the same. */
  ci?: boolean;
  fields: (
    value: V,
    change: (part: Partial<V>) => void
  ) => React.ReactElement | React.ReactElement[];
  submit: (value: V) => Promise<A>;
}

class FormBody<V extends object, A>
  extends ReactWidget
  implements Dialog.IBodyWidget<V>
{
  constructor(
    private readonly _form: IForm<V, A>,
    private readonly _failure: RequestError | null
  ) {
    super();
    this.addClass('jp-labline');
    this.addClass('jp-labline-form');
    this._value = _form.value;
  }

  getValue(): V {
    return this._value;
  }

  protected override render(): React.ReactElement {
    return (
      <Form
        form={this._form}
        failure={this._failure}
        onChange={value => {
          this._value = value;
        }}
      />
    );
  }

  private _value: V;
}

/**
 * What is filled in is React's own state: drawn any later than at the key that changed it, a field
 * would lose letters and put the cursor at its end.
 */
function Form<V extends object, A>(props: {
  form: IForm<V, A>;
  failure: RequestError | null;
  onChange: (value: V) => void;
}): React.ReactElement {
  const { failure, form, onChange } = props;
  const [value, setValue] = React.useState(form.value);
  const change = (part: Partial<V>) => {
    const changed = { ...value, ...part };
    setValue(changed);
    onChange(changed);
  };
  return (
    <>
      {failure && <Failure failure={failure} at={0} trans={form.trans} />}
      {form.fields(value, change)}
      <Line form={form} value={value} />
      {form.ci && (
        <Pipeline
          action={form.action}
          body={value}
          serverSettings={form.serverSettings}
          trans={form.trans}
        />
      )}
    </>
  );
}

/** The command that does the same as the form. */
function Line<V extends object, A>(props: {
  form: IForm<V, A>;
  value: V;
}): React.ReactElement | null {
  const { form, value } = props;
  const [cli, setCli] = React.useState('');
  const body = JSON.stringify(value);
  React.useEffect(() => {
    const timer = setTimeout(() => {
      const asked = { action: form.action, body: JSON.parse(body) as V };
      send<{ cli: string }>('cli', asked, form.serverSettings).then(
        answer => setCli(answer.cli),
        () => setCli('')
      );
    }, SETTLED);
    return () => clearTimeout(timer);
  }, [body, form]);
  return cli ? (
    <div className="jp-labline-equal">
      <span className="jp-labline-quiet">
        {form.trans.__('The same in a terminal')}
      </span>
      <CommandLine text={cli} trans={form.trans} />
    </div>
  ) : null;
}

/**
 * One field of a form: its name above it, a hint below.
 */
export function Field(props: {
  label: string;
  hint?: string;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <label className="jp-labline-field">
      <span>{props.label}</span>
      {props.children}
      {props.hint && <small className="jp-labline-quiet">{props.hint}</small>}
    </label>
  );
}

/**
 * A field that is on or off.
 */
export function Check(props: {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): React.ReactElement {
  return (
    <label className="jp-labline-check">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      <span>
        {props.label}
        {props.hint && <small className="jp-labline-quiet">{props.hint}</small>}
      </span>
    </label>
  );
}
