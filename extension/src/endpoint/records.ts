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
