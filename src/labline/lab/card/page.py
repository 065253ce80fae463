"""A card as one HTML file: no script, nothing loaded, readable on screen and on paper."""

from __future__ import annotations

from html import escape

from labline.lab.card.document import Block, Document, Open, Part, Text

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fff; --soft: #5b6470;
  --line: #d9dee4; --open: #8a4b00; --open-paper: #fff4e0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #16191d; --soft: #9aa4b0;
  --line: #343b44; --open: #ffc46b; --open-paper: #33270f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 58rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line);
  font-size: 1.2rem; }
.subtitle { margin: .3rem 0 0; color: var(--soft); }
p { margin: .5rem 0; white-space: pre-line; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; margin: .6rem 0 1rem; font-size: .92rem; }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td { font-variant-numeric: tabular-nums; }
.open { margin: .6rem 0; padding: .55rem .8rem; border-left: 4px solid var(--open);
  background: var(--open-paper); color: var(--open); }
code { font: .92em ui-monospace, monospace; }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #444;
  --line: #bbb; --open: #7a3b00; --open-paper: #fff; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; } tr, .open { break-inside: avoid; } .wide { overflow: visible; } }
"""


def to_html(document: Document) -> str:
    """Return the document as a whole HTML page; what came from outside is escaped."""
    body = "\n".join(map(_part, document.parts))
    title = escape(document.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{title}</h1>\n<p class="subtitle">{escape(document.subtitle)}</p>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _part(part: Part) -> str:
    blocks = "\n".join(map(_block, part.blocks))
    return f"<section>\n<h2>{escape(part.title)}</h2>\n{blocks}\n</section>"


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return f"<p>{escape(block.text.strip())}</p>"
    if isinstance(block, Open):
        return (
            f'<p class="open"><strong>Open: <code>{escape(block.field)}</code></strong> '
            f"({escape(block.asks)}). To be filled in <code>{escape(block.file)}</code>.</p>"
        )
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in block.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in block.rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table></div>"
    )
