import type { IEndpoint, IFailure } from '../records';

/** A Bento that was deployed on an endpoint. */
export interface IRelease {
  readonly id: number;
  readonly model: string;
  /** `starting`, `candidate`, `live`, `retired`, `aborted` or `failed`. */
  readonly state: string;
  readonly created: number;
  readonly actor: string;
  /** Why it failed, or was aborted. */
  readonly reason: string;
  /** The machine that runs it; empty where there is only one. */
  readonly host: string;
}

/** One process of a release, as it says itself. */
export interface IInstance {
  readonly release: number;
  /** From 1. */
  readonly number: number;
  readonly model: string;
  readonly port: number;
  readonly state: string;
  readonly serving: string | null;
  readonly restarts: number;
  /** Whether the gateway finds it healthy; null where the gateway does not answer. */
  readonly healthy: boolean | null;
}

/** What one release has of the traffic. */
export interface IShare {
  readonly release: number;
  readonly model: string;
  /** Percent of the requests that it answers. */
  readonly weight: number;
  /** Percent of the requests that it gets a copy of. */
  readonly mirrored: number;
}

/** An endpoint as `GET endpoints/{name}` tells it. */
export interface IEndpointDetail {
  readonly endpoint: IEndpoint;
  readonly live: IRelease | null;
  readonly previous: IRelease | null;
  readonly instances: readonly IInstance[];
  readonly traffic: readonly IShare[];
  /** What was deployed on it, newest first. */
  readonly releases: readonly IRelease[];
  /** What other hosts serve under this name. */
  readonly elsewhere: readonly IRelease[];
  /** A request to try, without the key. */
  readonly curl: string;
}

/** How one release answered for some time; `at` is when that ended. */
export interface IAnswered {
  readonly at: number;
  readonly release: number;
  readonly model: string;
  readonly requests: number;
  readonly errors: number;
  /** From 0 to 1. */
  readonly error_rate: number;
  readonly per_second: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
}

/** How an endpoint answers as `GET endpoints/{name}/metrics` tells it. */
export interface IEndpointMetrics {
  readonly at: number;
  /** Seconds that are looked back. */
  readonly window: number;
  readonly releases: readonly IAnswered[];
  /** Spans of time, oldest first. */
  readonly history: readonly IAnswered[];
}

/** A deployment or a rollback as `GET deployments/{id}` tells it. */
export interface IDeployment {
  readonly id: string;
  readonly kind: string;
  readonly endpoint: string;
  readonly model: string | null;
  readonly actor: string;
  readonly state: string;
  readonly asked: number;
  readonly progress: string;
  readonly wants_key: boolean;
  readonly failure: IFailure | null;
}

/** A shadow's answers beside the live release's, as `GET endpoints/{name}/comparison` tells it. */
export interface IShadow {
  readonly live: string;
  readonly candidate: string;
  /** Requests that both have answered. */
  readonly requests: number;
  readonly predictions: number;
  readonly agreed: number;
  /** From 0 to 1; null without a prediction. */
  readonly agreement: number | null;
  /** Requests that only one of them could not answer. */
  readonly live_failed: number;
  readonly candidate_failed: number;
  readonly differences: {
    readonly mean: number;
    readonly p95: number;
    readonly largest: number;
  } | null;
  /** Which words become which others, most often first. */
  readonly changes: readonly {
    readonly live: string;
    readonly candidate: string;
    readonly count: number;
  }[];
  readonly examples: readonly {
    readonly request_id: string;
    readonly row: number | null;
    readonly given: unknown;
    readonly live: unknown;
    readonly candidate: unknown;
  }[];
}

/** What an endpoint answered to a request that was made to try it. */
export interface IPrediction {
  readonly rows: readonly unknown[];
  readonly answer: unknown;
  readonly milliseconds: number;
}

/** What `POST deployments` takes. */
export interface INewDeployment {
  readonly model: string;
  readonly endpoint: string | null;
  readonly canary: number;
  readonly shadow: boolean;
}

/** One input, or the predictions, held against the training set. */
export interface IColumnDrift {
  readonly column: string;
  /** `input` or `prediction`. */
  readonly of: string;
  /** `stable`, `drifted` or `not judged`. */
  readonly outcome: string;
  readonly says: string;
  /** The test's figure, and what it must exceed to count; null where it was not judged. */
  readonly value: number | null;
  readonly limit: number | null;
  /** Shares of the rows, from 0 to 1; of a look that is kept only the one that moved most. */
  readonly bins: readonly IBin[];
}

/** A range of numbers, a category, or the nulls. */
export interface IBin {
  readonly name: string;
  readonly reference: number;
  readonly window: number;
}

/** What an endpoint was asked, as `GET endpoints/{name}/drift` tells it. */
export interface IDriftReport {
  /** `MODEL/VERSION`. */
  readonly model: string;
  readonly at: number;
  readonly since: number;
  readonly until: number;
  readonly outcome: string;
  readonly says: string;
  readonly fix: string;
  readonly requests: number;
  readonly rows: number;
  /** What it is held against, in words; empty without anything. */
  readonly reference: string;
  /** Name of the test. */
  readonly test: string;
  /** The worst first. */
  readonly columns: readonly IColumnDrift[];
}

/** One metric on labelled rows. */
export interface IRealised {
  readonly metric: string;
  readonly logged: number;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** `held`, `dropped` or `not judged`. */
  readonly outcome: string;
  readonly says: string;
}

/** What labels say, as `GET endpoints/{name}/labels` tells it. */
export interface IRealisedReport {
  readonly at: number;
  readonly labels: number;
  readonly joined: number;
  readonly outcome: string;
  readonly says: string;
  readonly fix: string;
  readonly metrics: readonly IRealised[];
  readonly remarks: readonly string[];
}

/** A look at an endpoint. */
export interface ILook {
  readonly at: number;
  /** `clock` or `hand`; empty for one that is not kept. */
  readonly by: string;
  readonly drift: IDriftReport;
  readonly realised: IRealisedReport;
}

/** A look among others. */
export interface IGlance {
  readonly at: number;
  readonly model: string;
  readonly by: string;
  /** `fine`, `not judged`, `failed`, or what is wrong. */
  readonly state: string;
  readonly says: string;
}

/** How far one column was from its limit, look by look: above 1 it drifted. */
export interface ITrail {
  readonly column: string;
  readonly of: string;
  readonly shares: readonly (number | null)[];
}

/** A retraining as it stands. */
export interface IRenewal {
  readonly id: string;
  readonly asked: number;
  readonly why: string;
  readonly actor: string;
  /** `queued`, `training`, `judging`, `failed`, `cancelled`, or the state of its promotion. */
  readonly state: string;
  readonly job: string | null;
  readonly promotion: string | null;
  readonly stage: string | null;
  readonly failure: IFailure | null;
}

/** How an endpoint is watched, as `GET endpoints/{name}/monitor` tells it. */
export interface IMonitored {
  readonly model: string | null;
  /** Share of the requests that the prediction log keeps; 0 where it is off. */
  readonly capture: number;
  /** Seconds between two looks by the clock; null where there are none. */
  readonly every: number | null;
  /** Seconds that a look goes back. */
  readonly window: number;
  readonly look: ILook | null;
  /** The newest first. */
  readonly history: readonly IGlance[];
  /** In the order of the history. */
  readonly trails: readonly ITrail[];
  readonly failure: IFailure | null;
  readonly renewal: IRenewal | null;
}
