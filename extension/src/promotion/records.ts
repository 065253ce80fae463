import type { IFailure } from '../records';

/** The kinds of blocks that a diff consists of; see `labline.promotion.diff.document`. */
export type Block =
  | { kind: 'text'; text: string; mark: string; fix: string }
  | {
      kind: 'table';
      caption: string;
      columns: readonly string[];
      numeric: readonly number[];
      rows: readonly (readonly { text: string; mark: string }[])[];
    }
  | { kind: 'code'; title: string; lines: readonly string[] }
  | { kind: 'figure'; title: string; svg: string; alt: string };

export interface ISection {
  readonly id: string;
  readonly title: string;
  readonly outcome: string;
  readonly summary: string;
  readonly blocks: readonly Block[];
}

export interface IDiff {
  readonly title: string;
  readonly headline: string;
  readonly outcome: string;
  readonly sections: readonly ISection[];
}

export interface IVerdict {
  readonly gate: string;
  readonly outcome: string;
  readonly reason: string;
  readonly fix: string;
}

/** A promotion as `GET promotions/{id}` tells it. */
export interface IPromotion {
  readonly promotion: {
    readonly id: string;
    readonly candidate: string;
    readonly model: string | null;
    readonly version: number | null;
    readonly stage: string;
    readonly actor: string;
    readonly state: string;
    readonly asked: number;
    readonly dry_run: boolean;
    readonly progress: string;
  };
  readonly verdicts: readonly IVerdict[];
  readonly champion: string | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly champion_metrics: Readonly<Record<string, number>>;
  readonly timeline: readonly {
    readonly at: number;
    readonly actor: string;
    readonly action: string;
    readonly comment: string;
  }[];
  readonly decision: {
    readonly may_approve: boolean;
    readonly may_reject: boolean;
    readonly why: string;
    readonly fix: string;
    readonly required: number;
    readonly missing: number;
  };
  readonly failure: IFailure | null;
  readonly diff: IDiff | null;
}

/** What `POST promotions` takes. */
export interface INewPromotion {
  readonly candidate: string;
  readonly to: string;
  readonly dry_run: boolean;
}

/** States in which something still happens by itself. */
export function isUnderWay(state: string): boolean {
  return state === 'queued' || state === 'running';
}
