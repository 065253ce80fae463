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
  /** Values to try, by parameter. */
  readonly sweep: Readonly<Record<string, readonly string[]>>;
  /** Ranges to draw from, by parameter: `loguniform(1e-3, 1)`. */
  readonly ranges?: Readonly<Record<string, string>>;
  readonly search?: ISearchOptions;
  readonly options: IJobOptions;
}

/** How a job is run; what is left out is as labline.toml says. */
export interface IJobOptions {
  readonly timeout?: string;
  readonly memory?: string;
  readonly cpus?: number;
  readonly retries?: number;
  readonly priority?: number;
  readonly group?: string;
}

/** How the points of a sweep are chosen. */
export interface ISearchOptions {
  readonly search?: 'random' | 'optuna';
  readonly trials?: number;
  readonly metric?: string;
  readonly goal?: 'maximize' | 'minimize';
  readonly prune?: boolean;
  readonly parallel?: number;
  readonly seed?: number;
}

export interface INewSchedule {
  readonly notebook: string;
  readonly cron: string;
  readonly timezone: string;
  readonly runs: 'latest' | 'snapshot';
  readonly catch_up?: boolean;
  readonly name?: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly options: IJobOptions;
}

/** A notebook that is run by the clock. */
export interface ISchedule {
  readonly name: string;
  readonly notebook: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly cron: string;
  readonly timezone: string;
  readonly runs: 'latest' | 'snapshot';
  readonly catch_up: boolean;
  readonly paused: boolean;
  /** When it comes next; null while it rests. */
  readonly next: number | null;
  readonly last: number | null;
  /** Id of the job that it queued last. */
  readonly job: string | null;
  /** Why it could not queue one. */
  readonly error: string;
}

export interface IScheduled {
  readonly schedule: ISchedule;
  readonly cli: string;
}

/** A job as the list has it, and where it left its notebook. */
export interface IWholeJob extends IJob {
  /** Id of the sweep that it is a trial of. */
  readonly sweep: string | null;
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
  /** How many lines before it were passed over. */
  readonly skipped: number;
  /** Where to go on. */
  readonly next: number;
  readonly more: boolean;
  readonly ended: boolean;
}

export interface ISubmitted {
  readonly jobs: readonly IJob[];
  readonly cli: string;
  /** Id of the sweep that they are of; null for a job alone. */
  readonly sweep: string | null;
}
