/**
 * What the server says of jobs and of what can be asked about a notebook.
 */
import type { IJob } from '../records';

export interface IParameterField {
  readonly name: string;
  /** Annotation: `float`, `int | None`, `Literal['a', 'b']` or `Any`. */
  readonly kind: string;
  readonly default: unknown;
  readonly help: string;
  /** Whether the notebook gives no default. */
  readonly required: boolean;
  /** The default as the cell writes it. */
  readonly source: string;
  /** Values that a `Literal` allows. */
  readonly choices: readonly unknown[];
}

export interface INotebookForm {
  readonly notebook: string;
  /** Whether it has a cell tagged `parameters`. */
  readonly has_cell: boolean;
  readonly parameters: readonly IParameterField[];
}

export interface INewJobs {
  readonly notebook: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly sweep: Readonly<Record<string, readonly string[]>>;
  readonly options: {
    readonly timeout?: string;
    readonly memory?: string;
    readonly retries?: number;
  };
}

/** A job as the list has it, and where it left its notebook. */
export interface IWholeJob extends IJob {
  /** Path of the executed notebook on the server; null where there is none yet. */
  readonly output: string | null;
  readonly attempt: number;
  readonly retry_of: string | null;
}

export interface IJobDetail {
  readonly job: IWholeJob;
  /** Of the cell that raised; empty if none did. */
  readonly traceback: string;
  /** Whether somebody is there to run it. */
  readonly worker: boolean;
}

export interface ILogPiece {
  readonly text: string;
  /** Where to go on. */
  readonly next: number;
  readonly more: boolean;
  readonly ended: boolean;
}

export interface ISubmitted {
  readonly jobs: readonly IJob[];
  readonly cli: string;
}
