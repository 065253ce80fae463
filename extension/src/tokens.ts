import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IPlatformStep, IRecords, IStatus, SectionName } from './records';
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
  /** How many fit the filter, those that are not here counted, too. */
  readonly total: number;
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
  /** What the platform is being asked to do, null before that was told. */
  readonly step: IPlatformStep | null;
  /** Whether an answer is being waited for. */
  readonly refreshing: boolean;
  /** What the lists are narrowed to; empty for nothing. */
  readonly filter: string;
  /** When `status` came, in milliseconds since the epoch; 0 before the first. */
  readonly at: number;
}

/**
 * Something that has changed on the server.
 */
export interface IEvent {
  readonly seq: number;
  /**
   * The kind of record; `away` where one cannot be looked at, `watched` where one is from now on,
   * `reset` where events were lost.
   */
  readonly type: string;
  readonly id: string;
  /** The record as the lists have it, null where it is gone. */
  readonly data: unknown;
}

/**
 * What changes on the server, as it changes.
 */
export interface IEvents {
  /** Whether events come. Who follows something must ask for it while they do not. */
  readonly live: boolean;

  readonly liveChanged: ISignal<IEvents, boolean>;

  readonly happened: ISignal<IEvents, IEvent>;

  /** Have events told until the returned object is disposed. */
  listen(): IDisposable;
}

export const IEvents = new Token<IEvents>(
  'labline:IEvents',
  'What changes in the labline project, told over one connection for all panels.'
);

/** Part of a list. */
export interface IPage<T> {
  readonly items: readonly T[];
  readonly total: number;
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

  /** Start the platform, and follow until it is up or has failed. */
  start(): Promise<void>;

  /** Keep the snapshot fresh until the returned object is disposed. */
  watch(): IDisposable;

  /** Say whether the items of one list are wanted; of others only the count is asked for. */
  want(name: SectionName, wanted: boolean): void;

  /** What all lists are narrowed to; empty for nothing. */
  readonly filter: string;

  /** Keep in all lists only what fits a filter. */
  narrow(filter: string): void;

  /** Part of a list, as it is narrowed now. */
  page<Name extends SectionName>(
    name: Name,
    offset: number,
    limit: number
  ): Promise<IPage<IRecords[Name]>>;

  /** Emitted with the name of a list when records came, went or changed in it. */
  readonly listChanged: ISignal<ILine, SectionName>;
}

export const ILine = new Token<ILine>(
  'labline:ILine',
  'The status, runs, jobs, models and endpoints of the labline project, kept fresh while watched.'
);
