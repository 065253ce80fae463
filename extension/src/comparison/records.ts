/**
 * What the server says of runs side by side.
 */
import type { IRun } from '../records';

export interface IComparedRun extends Omit<IRun, 'metrics'> {
  readonly params: Readonly<Record<string, string>>;
  /** Null where the value is no number that JSON can write. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** One fact, with its value in each run; empty where a run has none. */
export interface IRow {
  readonly kind: 'metric' | 'param' | 'data' | 'environment';
  readonly name: string;
  readonly values: readonly string[];
}

/** One cell that two notebooks do not have in common; numbers are places, from 1. */
export interface ICellChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly before: number | null;
  readonly after: number | null;
  /** Lines, each with its sign. */
  readonly lines: readonly string[];
}

/** Runs side by side; the first is what the others are compared with. */
export interface IComparison {
  readonly runs: readonly IComparedRun[];
  /** What the runs are called, briefly and apart. */
  readonly columns: readonly string[];
  readonly rows: readonly IRow[];
  /** Id of each other run to the cells that differ; not there where a notebook was not kept. */
  readonly cells: Readonly<Record<string, readonly ICellChange[]>>;
  readonly remark: string;
}

export interface IMetricPoint {
  readonly step: number;
  readonly value: number | null;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** The values of each metric of a run, step by step. */
export type Curves = Readonly<Record<string, readonly IMetricPoint[]>>;
