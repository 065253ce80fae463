/** How the line of one series is drawn. */
export interface ILook {
  /** A colour of JupyterLab's. */
  readonly colour: string;
  /** Dashes as SVG writes them; empty for none. */
  readonly dash: string;
}

/** Colours of JupyterLab that are told apart on its light and on its dark background. */
const COLOURS = [
  'var(--md-blue-500)',
  'var(--md-orange-700)',
  'var(--md-teal-500)',
  'var(--md-pink-400)',
  'var(--md-deep-purple-300)',
  'var(--md-brown-400)',
  'var(--md-light-green-700)',
  'var(--md-cyan-600)'
];

/** Colour is not all that tells lines apart. */
const DASHES = ['', '7 3', '2 3', '10 3 2 3'];

/**
 * The look of the series at a place; after the last colour they begin again, with other dashes.
 */
export function lookOf(at: number): ILook {
  const round = Math.floor(at / COLOURS.length);
  return {
    colour: COLOURS[at % COLOURS.length] as string,
    dash: DASHES[round % DASHES.length] as string
  };
}
