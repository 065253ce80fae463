"""What the stories of the browser tests have in common: a policy, a notebook, how long to wait."""

from pathlib import Path

from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook

#: a busy machine builds an environment and boots a service in this many milliseconds
LONG = 240_000

_POLICY = """
[project]
name = "beasts"

[gateway]
port = {port}

[monitor]
capture = true

[stages.staging]
gates = ["signature", "metric"]
metric = {{ name = "r2", min = 0.9 }}

[stages.prod]
after = "staging"
gates = ["signature", "metric"]
metric = {{ name = "r2", min = 0.9 }}
approvals = {{ required = 1, four_eyes = {four_eyes} }}
"""


def policy(port: int, *, four_eyes: bool) -> str:
    """Return the policy of a project with two stages, of which the second asks a person."""
    return _POLICY.format(port=port, four_eyes=str(four_eyes).lower())


def write_training(path: Path, parameter: str, *lines: str) -> None:
    """Write a notebook with the parameters alpha and name, one more, and a cell of `lines`."""
    given = ("alpha: float = 0.5  # strength of the penalty", parameter, "name = 'ridge'")
    kernel = {"name": "python3", "display_name": "python3", "language": "python"}
    notebook = new_notebook(
        cells=[
            new_code_cell("\n".join(given), metadata={"tags": ["parameters"]}),
            new_code_cell("\n".join(lines)),
        ],
        metadata={"kernelspec": kernel},
    )
    path.write_text(writes(notebook))
