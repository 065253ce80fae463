/**
 * The commands of labline.
 */
export namespace CommandIDs {
  /** Show the Labline sidebar and move the focus there. */
  export const open = 'labline:open';

  /** Ask the server for the state of the line now. */
  export const refresh = 'labline:refresh';

  /** Start worker, gateway and live releases. */
  export const start = 'labline:start';

  /** Explain where a part of labline is of another version; argument `kernel`, optional. */
  export const compareVersions = 'labline:compare-versions';

  /** Begin to record what the open notebook runs, or end and keep the run. */
  export const record = 'labline:record';

  /** Lay runs side by side; argument `ids`. */
  export const compareRuns = 'labline:compare-runs';

  /** Ask how a notebook is to be run as a job, and queue it. */
  export const runAsJob = 'labline:run-as-job';

  /** Show a job. */
  export const openJob = 'labline:open-job';

  /** Show a sweep; argument `id`. */
  export const openSweep = 'labline:open-sweep';

  /** Show which notebooks are run by the clock. */
  export const openSchedules = 'labline:open-schedules';

  /** Ask for a model to hold a stage; argument `candidate`, optional. */
  export const promote = 'labline:promote';

  /** Show a promotion; argument `id`. */
  export const openPromotion = 'labline:open-promotion';

  /** Ask for a model to be served; argument `model`, optional. */
  export const deploy = 'labline:deploy';

  /** Show an endpoint; argument `name`. */
  export const openEndpoint = 'labline:open-endpoint';
}
