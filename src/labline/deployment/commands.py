"""Commands with the port left open, so that a release can be booted again on another port."""

from __future__ import annotations

import json
from collections.abc import Callable

from labline.errors import BadInput
from labline.records import Command

_PLACE = "@LABLINE_PORT@"
# Any two ports that differ in every digit.
_ONE, _OTHER = 21_357, 36_842


def template(command_for_port: Callable[[int], Command]) -> str:
    """Return the command as JSON with a placeholder wherever the port goes.

    Raises
    ------
    BadInput
        The command depends on its port in another way than by containing it.
    """
    one, other = _parts(command_for_port(_ONE)), _parts(command_for_port(_OTHER))
    text = json.dumps(one).replace(str(_ONE), _PLACE)
    if text.replace(_PLACE, str(_OTHER)) != json.dumps(other):
        raise BadInput("The command that boots a release must differ by its port only.")
    return text


def fill(text: str, port: int) -> Command:
    """Return the command of a template for one port."""
    parts = json.loads(text.replace(_PLACE, str(port)))
    return Command(tuple(parts["argv"]), parts["env"], parts["cwd"])


def _parts(command: Command) -> dict[str, object]:
    return {"argv": list(command.argv), "env": dict(command.env), "cwd": command.cwd}
