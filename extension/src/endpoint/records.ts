import type { IEndpoint, IFailure } from '../records';

interface IRelease {
  readonly id: number;
  readonly model: string;
  readonly created: number;
  readonly actor: string;
}

/** An endpoint as `GET endpoints/{name}` tells it. */
export interface IEndpointDetail {
  readonly endpoint: IEndpoint;
  readonly live: IRelease | null;
  readonly previous: IRelease | null;
  readonly instances: readonly {
    readonly release: number;
    readonly state: string;
    readonly serving: string | null;
  }[];
  readonly traffic: readonly {
    readonly release: number;
    readonly model: string;
    readonly weight: number;
    readonly mirrored: boolean;
  }[];
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

/** What `POST deployments` takes. */
export interface INewDeployment {
  readonly model: string;
  readonly endpoint: string | null;
  readonly canary: number;
  readonly shadow: boolean;
}
