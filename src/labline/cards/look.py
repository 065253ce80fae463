"""The look of everything that a notebook shows, by the theme's own colours.

JupyterLab takes ``<style>`` out of what it does not trust; attributes stay. Elsewhere, as in a
report or on GitHub, the colours after the commas count: they can be read on white and on black.
"""

GOOD = "var(--jp-success-color1,#388e3c)"
BAD = "var(--jp-error-color1,#d9534f)"
OPEN = "var(--jp-info-color1,#1976d2)"
WAITS = "var(--jp-warn-color1,#c77700)"
TONES = {"good": GOOD, "bad": BAD, "open": OPEN}

LINE = "var(--jp-border-color2,rgba(128,128,128,.35))"
MUTED = "color:var(--jp-ui-font-color2,#767676)"
CODE = (
    "font-family:var(--jp-code-font-family,monospace);font-size:12px;margin:2px 0 8px;"
    f"padding:6px 8px;border:1px solid {LINE};white-space:pre-wrap;background:none;color:inherit"
)
_FONT = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);line-height:1.45;"
    "color:var(--jp-ui-font-color1,inherit);font-size:var(--jp-ui-font-size1,13px)"
)
FRAME = (
    f"border:1px solid {LINE};border-radius:4px;padding:12px 16px;max-width:900px;"
    f"overflow-wrap:break-word;{_FONT}"
)
TABLE = "border-collapse:collapse;margin:4px 0;font-size:inherit"
ROW = "background:none"
CELL = f"padding:3px 12px 3px 0;text-align:left;vertical-align:top;border-bottom:1px solid {LINE}"
HEAD = f"{CELL};font-weight:600;{MUTED}"
