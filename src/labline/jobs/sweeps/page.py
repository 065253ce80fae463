"""A sweep as HTML: for a notebook, escaped and styled in place, and as a page of its own."""

from __future__ import annotations

from labline.cards import escape, look
from labline.jobs.sweeps.figure import draw
from labline.jobs.sweeps.sweep import Sweep, Trial

_MOST = 200
_TONES = {"succeeded": look.GOOD, "failed": look.BAD}


def card(sweep: Sweep) -> str:
    """Return title, figure and table as one ``<div>``."""
    return (
        f'<div class="labline-sweep" style="{look.FRAME}">'
        f'<div style="font-weight:600">{escape(sweep.title)}</div>'
        f'<div style="margin:2px 0 10px">{escape(sweep.headline)}</div>'
        f'{_figure(sweep)}<div style="overflow-x:auto">{_table(sweep)}</div></div>'
    )


def _figure(sweep: Sweep) -> str:
    drawn = draw(sweep)
    marks = ["Green: the best."] if sweep.best else []
    marks += ["Hollow: pruned, as it then stood."] if any(t.pruned for t in sweep.trials) else []
    key = f'<div style="opacity:.75">{" ".join(marks)}</div>' if marks else ""
    return f"{drawn}{key}" if drawn else ""


def page(sweep: Sweep) -> str:
    """Return the card as a document of its own."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(sweep.title)}</title>"
        '<meta name="color-scheme" content="light dark">'
        f'<body style="margin:2em">{card(sweep)}</body></html>\n'
    )


def _table(sweep: Sweep) -> str:
    head = "".join(f'<th style="{look.HEAD}">{escape(name)}</th>' for name in sweep.headings)
    best = sweep.best
    pairs = list(zip(sweep.ranked, sweep.cells(), strict=True))
    body = "".join(_row(trial, row, trial is best) for trial, row in pairs[:_MOST])
    more = f"<div>{len(pairs) - _MOST} more are in the table of the parent run.</div>"
    return (
        f'<table style="{look.TABLE}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{more if len(pairs) > _MOST else ''}"
    )


def _row(trial: Trial, row: list[str], best: bool) -> str:
    weight = "font-weight:600;" if best else ""
    why = trial.pruned or trial.error
    cells = "".join(
        f'<td style="{weight}{look.CELL}{_tone(place, trial)}">{escape(cell)}</td>'
        for place, cell in enumerate(row)
    )
    title = f' title="{escape(why)}"' if why else ""
    return f'<tr style="{look.ROW}"{title}>{cells}</tr>'


def _tone(place: int, trial: Trial) -> str:
    return f";color:{_TONES[trial.state]}" if place == 1 and trial.state in _TONES else ""
