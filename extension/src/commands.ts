/**
 * The commands of labline.
 */
export namespace CommandIDs {
  /** Show the Labline sidebar and move the focus there. */
  export const open = 'labline:open';

  /** Ask the server for the state of the line now. */
  export const refresh = 'labline:refresh';

  /** Begin to record what the open notebook runs, or end and keep the run. */
  export const record = 'labline:record';
}
