/** Escape sequences that colour a terminal; the view shows plain text. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g');

/**
 * The end of a log that may be far longer than a page can show.
 */
export class Tail {
  constructor(readonly limit = 5_000) {}

  /** How many lines at the beginning are no longer here. */
  get dropped(): number {
    return this._dropped;
  }

  get text(): string {
    return this._lines.join('\n');
  }

  /** Add a piece; a line that the piece before left open goes on with it. */
  append(piece: string): void {
    const [first = '', ...rest] = piece.replace(COLOURS, '').split('\n');
    const last = this._lines.pop() ?? '';
    this._lines.push(last + first, ...rest.slice(-this.limit - 1));
    this._dropped += Math.max(0, rest.length - this.limit - 1);
    // An ended log has an empty line after its last break: it counts for nothing.
    const over = this._lines.length - this.limit - 1;
    if (over > 0) {
      this._lines.splice(0, over);
      this._dropped += over;
    }
  }

  private readonly _lines: string[] = [];
  private _dropped = 0;
}
