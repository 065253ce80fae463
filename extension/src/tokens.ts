import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IRecords, IStatus, SectionName } from './records';
import type { RequestError } from './request';

/**
 * One list as it was last seen.
 */
export interface IList<T> {
  readonly items: readonly T[];
  /** Whether it was ever asked for and answered. */
  readonly loaded: boolean;
  /** Why the last question failed; the items are then those of the answer before. */
  readonly failure: RequestError | null;
}

/**
 * The lists by name.
 */
export type Lists = { readonly [Name in SectionName]: IList<IRecords[Name]> };

/**
 * What is known of the production line at one moment.
 */
export interface ISnapshot {
  /** The last status that came, null before the first. */
  readonly status: IStatus | null;
  readonly lists: Lists;
  /** Why the last question for the status failed, null where it did not. */
  readonly failure: RequestError | null;
  /** Whether an answer is being waited for. */
  readonly refreshing: boolean;
  /** When `status` came, in milliseconds since the epoch; 0 before the first. */
  readonly at: number;
}

/**
 * The production line of the project, as the server tells it.
 */
export interface ILine {
  readonly snapshot: ISnapshot;

  /** Emitted with every new snapshot. */
  readonly changed: ISignal<ILine, ISnapshot>;

  /** Whether anybody watches, so that the snapshot is kept fresh. */
  readonly watched: boolean;

  /** Ask the server now. */
  refresh(): Promise<void>;

  /** Keep the snapshot fresh until the returned object is disposed. */
  watch(): IDisposable;

  /** Say whether the items of one list are wanted; of others only the count is asked for. */
  want(name: SectionName, wanted: boolean): void;
}

export const ILine = new Token<ILine>(
  'labline:ILine',
  'The status, runs, jobs, models and endpoints of the labline project, kept fresh while watched.'
);
