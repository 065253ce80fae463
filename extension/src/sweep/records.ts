/**
 * What the server says of a sweep.
 */
import type { JobStatus } from '../records';

/** One job of a sweep. */
export interface ITrial {
  /** From 1. */
  readonly number: number;
  /** Id of the job. */
  readonly job: string;
  readonly status: JobStatus;
  /** Of the parameters that are swept. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, number>>;
  /** Why it was ended early; empty if it was not. */
  readonly pruned: string;
  /** Why it failed. */
  readonly error: string;
  /** Seconds. */
  readonly took: number | null;
}

export interface ISweep {
  readonly id: string;
  readonly notebook: string;
  readonly status: JobStatus;
  readonly created: number;
  readonly ended: number | null;
  /** Parameter to the values, or the range, that is tried. */
  readonly space: Readonly<Record<string, string>>;
  /** Values of the other parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly search: {
    readonly kind: 'grid' | 'random' | 'optuna';
    readonly trials: number;
    readonly metric: string;
    readonly goal: 'maximize' | 'minimize';
  };
  readonly trials: readonly ITrial[];
}

export interface ISweepDetail {
  readonly sweep: ISweep;
  /** Number of the best trial. */
  readonly best: number | null;
  /** How it stands, in a line. */
  readonly headline: string;
  /** SVG; empty where there is nothing to draw. */
  readonly figure: string;
}
