/**
 * What the server says, in the words of the glossary. Times are seconds since the epoch.
 */

/** An error as the server words it; parts of a status carry one where they could not be asked. */
export interface IFailure {
  readonly error: string;
  readonly message: string;
  readonly fix: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** How a process that the platform looks after stands. */
export type ProcessState =
  'ready' | 'starting' | 'crash loop' | 'stopped' | 'down';

export interface IStage {
  readonly name: string;
  readonly metric: string | null;
}

export interface IStatus {
  readonly version: string;
  readonly project: string;
  readonly root: string;
  /** The stages of the policy in their order, and the metric that each looks at. */
  readonly stages: readonly IStage[];
  readonly platform: Partial<IFailure> & {
    readonly running: boolean;
    readonly url?: string;
    readonly worker?: ProcessState;
    readonly gateway?: ProcessState;
    /** What is wrong, and what mends it. */
    readonly problem?: string;
  };
  readonly worker: Partial<IFailure> & { readonly running: boolean };
  readonly tracking: Partial<IFailure> & {
    readonly reachable: boolean;
    readonly uri: string;
  };
  /** How many there are; null where it could not be told. */
  readonly counts: Readonly<Record<SectionName, number | null>>;
  readonly at: number;
}

/** The platform, and what it is being asked to do. */
export interface IPlatformStep {
  readonly running: boolean;
  /** Empty while nothing is under way. */
  readonly doing: '' | 'start' | 'stop';
  /** Why the last one failed. */
  readonly failure: IFailure | null;
}

export interface IRun {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: string;
  readonly started: number;
  readonly ended: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly model_uri: string | null;
}

export type JobStatus =
  'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface IJob {
  readonly id: string;
  readonly notebook: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly status: JobStatus;
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
  readonly error: string;
  /** Cells done, cells in all. */
  readonly progress: readonly [number, number];
}

export interface IModel {
  readonly name: string;
  readonly latest: number | null;
  readonly created: number | null;
  /** Stage to the version that holds it. */
  readonly stages: Readonly<Record<string, number>>;
  /** Where it is served, and whether what is served says what is recorded. */
  readonly served: readonly {
    readonly endpoint: string;
    readonly recorded: number;
    /** MODEL/VERSION as the service says; null where it does not answer. */
    readonly serving: string | null;
    readonly agrees: boolean;
  }[];
}

export interface IEndpoint {
  readonly name: string;
  readonly url: string;
  /** MODEL/VERSION that the record says is served. */
  readonly model: string | null;
  readonly release: number | null;
  readonly state: ProcessState | 'degraded' | 'wrong model' | 'empty';
  /** MODEL/VERSION that the service says it serves; null where it does not answer. */
  readonly serving: string | null;
  readonly previous: string | null;
  /** The stage that it follows, and the MODEL/VERSION that the registry names for it. */
  readonly stage: string | null;
  readonly registry: string | null;
  readonly agreement: Agreement;
  /** The same in a sentence, and what would make them agree. */
  readonly says: string;
  readonly fix: string;
}

/** How what is served compares with what is recorded and what the registry names. */
export type Agreement =
  'agrees' | 'differs' | 'on trial' | 'silent' | 'unknown' | 'empty';

/** A promotion in a list: under way, waiting for people, or ended. */
export interface IPromotionRow {
  readonly id: string;
  /** What was asked to be promoted. */
  readonly candidate: string;
  readonly model: string | null;
  readonly version: number | null;
  readonly stage: string;
  readonly actor: string;
  readonly state: string;
  readonly asked: number;
  /** What it is at, in words, while it is under way. */
  readonly progress: string;
}

/** The lists, and what each holds. */
export interface IRecords {
  readonly runs: IRun;
  readonly jobs: IJob;
  readonly models: IModel;
  readonly promotions: IPromotionRow;
  readonly endpoints: IEndpoint;
}

export type SectionName = keyof IRecords;

export const SECTIONS: readonly SectionName[] = [
  'runs',
  'jobs',
  'models',
  'promotions',
  'endpoints'
];
