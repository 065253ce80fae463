/** Escape sequences that colour a terminal; the view shows plain text. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g');

/** Lines that are drawn as one: what does not change is not drawn again. */
export interface IBlock {
  /** Number of its first line, from 0. */
  readonly at: number;
  readonly text: string;
}

/**
 * The end of a log that may be far longer than a page can show, in blocks of lines.
 */
export class Tail {
  constructor(
    readonly limit = 5_000,
    private readonly _size = 100
  ) {}

  /** How many lines at the beginning are not here. */
  get dropped(): number {
    return this._closed[0]?.at ?? this._at;
  }

  get blocks(): readonly IBlock[] {
    const open = { at: this._at, text: this._open.join('\n') };
    return open.text || this._closed.length > 0
      ? [...this._closed, open]
      : this._closed;
  }

  get text(): string {
    return this.blocks.map(block => block.text).join('\n');
  }

  /**
   * Add a piece; a line that the piece before left open goes on with it.
   *
   * @param skipped - How many lines end between the piece before and this one, which is then not
   * one with what is here.
   */
  append(piece: string, skipped = 0): void {
    if (skipped > 0) {
      this._at += this._open.length - 1 + skipped;
      this._open = [''];
      this._closed = [];
    }
    const [first = '', ...rest] = piece.replace(COLOURS, '').split('\n');
    const last = this._open.pop() ?? '';
    this._open = [...this._open, last + first, ...rest];
    this._close();
  }

  /** Make blocks of the lines that are whole, and let go of those that are too many. */
  private _close(): void {
    const size = this._size;
    const count = Math.floor((this._open.length - 1) / size);
    const most = Math.ceil(this.limit / size);
    for (let block = Math.max(0, count - most); block < count; block++) {
      const lines = this._open.slice(block * size, (block + 1) * size);
      const text = lines.join('\n');
      this._closed.push({ at: this._at + block * size, text });
    }
    this._open = this._open.slice(count * size);
    this._at += count * size;
    this._closed = this._closed.slice(-most);
  }

  private _at = 0;
  private _closed: IBlock[] = [];
  private _open: string[] = [''];
}
