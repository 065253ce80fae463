import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomModel } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { request, RequestError, send } from '../request';
import type { IDraft } from './form';
import { BLANK, bodyOf, complaintsOf, jobsOf, scheduleOf } from './form';
import type {
  INewJobs,
  INewSchedule,
  INotebookForm,
  IScheduled,
  ISubmitted
} from './records';

/** How long nothing is typed until the command line is asked for, in milliseconds. */
const PAUSE = 250;

/** What was queued, or what will be by the clock. */
export type Outcome = ISubmitted | IScheduled;

/**
 * A notebook that is about to be run as a job: its form, and what was typed so far.
 */
export class Order extends VDomModel {
  constructor(options: Order.IOptions) {
    super();
    this.path = options.path;
    this.trans = options.trans;
    this.serverSettings = options.serverSettings;
    this._unsaved = options.unsaved ?? (() => false);
    this._save = options.save ?? (() => Promise.resolve());
    options.touched?.connect(this._tell, this);
  }

  readonly path: string;
  readonly serverSettings: ServerConnection.ISettings;
  readonly trans: TranslationBundle;

  /** Null until the server has told it. */
  get form(): INotebookForm | null {
    return this._form;
  }

  get draft(): IDraft {
    return this._draft;
  }

  /** The same as a command; empty where it is not known. */
  get cli(): string {
    return this._cli;
  }

  /** Why the server refused; null where that is told beside a field. */
  get failure(): RequestError | null {
    return this._blamed ? null : this._failure;
  }

  /** Whether the notebook's page has changes that a job would not see. */
  get unsaved(): boolean {
    return this._unsaved();
  }

  /** What stands against it, by the field at fault. */
  get complaints(): ReadonlyMap<string, string> {
    const found = this._ownComplaints;
    const blamed = this._blamed;
    return blamed
      ? new Map([...found, [blamed, this._failure?.message ?? '']])
      : found;
  }

  /**
   * What is to be told of a field now: of one that was `touched`, or once somebody has tried to go
   * on. Nothing is complained of before.
   */
  told(field: string, touched = false): string {
    const tell = touched || this._tried || this._blamed === field;
    return tell ? (this.complaints.get(field) ?? '') : '';
  }

  /** Whether it is to be run by the clock, not now. */
  get scheduled(): boolean {
    return this._draft.clock.on;
  }

  /** What would be sent; null while it is not known what can be. */
  get body(): INewJobs | INewSchedule | null {
    return this._form ? this._body(this._form) : null;
  }

  get jobs(): number {
    return this._form && !this.scheduled
      ? jobsOf(bodyOf(this._form, this._draft), this._draft)
      : 0;
  }

  /** Take what was typed. */
  change(draft: IDraft): void {
    this._draft = draft;
    this._failure = null;
    this.stateChanged.emit();
    void this._asking.invoke();
  }

  /** Ask what the notebook can be given. */
  async load(): Promise<void> {
    await this._try(async () => {
      this._form = await request<INotebookForm>(
        'notebooks/parameters',
        { path: this.path },
        this.serverSettings
      );
    });
    await this._ask();
  }

  /** Somebody wants the notebook saved. Whoever shows this makes room for what that may ask. */
  get saveRequested(): ISignal<this, void> {
    return this._saveRequested;
  }

  requestSave(): void {
    this._saveRequested.emit();
  }

  /** Save the notebook, then ask again what it can be given. */
  async save(): Promise<void> {
    await this._try(() => this._save());
    await this.load();
  }

  /** Do what was asked; null where something stands against it, which is then told. */
  async submit(): Promise<Outcome | null> {
    const form = this._form;
    this._tried = true;
    if (!form || this._busy || this._ownComplaints.size > 0) {
      this.stateChanged.emit();
      return null;
    }
    return this._try(() => this._send<Outcome>(this._action, this._body(form)));
  }

  override dispose(): void {
    this._asking.dispose();
    super.dispose();
  }

  private get _action(): 'jobs' | 'schedules' {
    return this.scheduled ? 'schedules' : 'jobs';
  }

  /** What can be seen to be wrong without the server. */
  private get _ownComplaints(): Map<string, string> {
    return this._form
      ? complaintsOf(this._form, this._draft, this.trans)
      : new Map<string, string>();
  }

  /** The field that the server's refusal is about; null for none that is in the form. */
  private get _blamed(): string | null {
    const { option, parameter } = this._failure?.details ?? {};
    if (typeof option === 'string') {
      return `option:${option}`;
    }
    const known = this._form?.parameters.some(({ name }) => name === parameter);
    return known ? (parameter as string) : null;
  }

  private _body(form: INotebookForm): INewJobs | INewSchedule {
    return this.scheduled
      ? scheduleOf(form, this._draft)
      : bodyOf(form, this._draft);
  }

  private async _ask(): Promise<void> {
    if (!this._form || this._ownComplaints.size > 0) {
      this._cli = '';
    } else {
      const body = this._body(this._form);
      // The server says what is wrong with it when it is sent for good.
      const line = await this._send<{ cli: string }>('cli', {
        action: this._action,
        body
      }).catch(() => ({ cli: '' }));
      this._cli = line.cli;
    }
    this._emit();
  }

  private async _try<T>(work: () => Promise<T>): Promise<T | null> {
    this._busy = true;
    this._failure = null;
    try {
      return await work();
    } catch (error) {
      this._failure =
        error instanceof RequestError
          ? error
          : new RequestError('away', String(error), { cause: error });
      return null;
    } finally {
      this._busy = false;
      this._emit();
    }
  }

  private _send<T>(path: string, body: object): Promise<T> {
    return send<T>(path, body, this.serverSettings);
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  private readonly _tell = (): void => this._emit();

  private readonly _asking = new Debouncer(() => this._ask(), PAUSE);
  private readonly _unsaved: () => boolean;
  private readonly _save: () => Promise<void>;
  private readonly _saveRequested = new Signal<this, void>(this);
  private _form: INotebookForm | null = null;
  private _draft: IDraft = BLANK;
  private _cli = '';
  private _failure: RequestError | null = null;
  private _busy = false;
  private _tried = false;
}

/**
 * A namespace for `Order` statics.
 */
export namespace Order {
  export interface IOptions {
    /** The notebook, as the file browser shows it. */
    path: string;
    serverSettings: ServerConnection.ISettings;
    trans: TranslationBundle;
    /** Whether it has changes that are not saved. */
    unsaved?: () => boolean;
    save?: () => Promise<void>;
    /** Tells that this may have changed. */
    touched?: ISignal<unknown, unknown>;
  }
}
