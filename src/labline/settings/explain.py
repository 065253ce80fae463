"""What is wrong with a ``labline.toml``, in words that name the line and the nearest key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from labline.errors import BadSettings, nearest
from labline.settings.stages import StageSettings


def check_order(stages: Mapping[str, StageSettings], path: Path, text: str) -> None:
    """Raise :class:`BadSettings` where ``after`` names no stage, or goes in a circle."""
    for name in stages:
        seen = [name]
        while after := stages[seen[-1]].after:
            place = _place(path, text, ("stages", seen[-1], "after"))
            if after not in stages:
                raise BadSettings(
                    f"{place}: stage {seen[-1]!r} comes after {after!r}, which is not a stage. "
                    f"{nearest(after, stages)}"
                )
            if after in seen:
                raise BadSettings(
                    f"{place}: the stages go in a circle: {' -> '.join([*seen, after])}.",
                    fix="Remove one 'after'.",
                )
            seen.append(after)


def explain(
    error: ValidationError, path: Path, text: str, settings: type[BaseModel]
) -> BadSettings:
    """Return the error for a file that does not fit the model `settings`."""
    lines = []
    for item in error.errors():
        keys = tuple(str(key) for key in item["loc"])
        if item["type"] == "extra_forbidden":
            what = f"unknown key {keys[-1]!r}. {nearest(keys[-1], _known(settings, keys[:-1]))}"
        else:
            what = f"{'.'.join(keys)}: {item['msg']}"
        lines.append(f"{_place(path, text, keys)}: {what}")
    return BadSettings("\n".join(lines), fix="The keys are listed in docs/reference/settings.md.")


def _known(settings: type[BaseModel], keys: tuple[str, ...]) -> list[str]:
    model: Any = settings
    for position, key in enumerate(keys):
        if model is settings and key == "stages":
            model = StageSettings if len(keys) > position + 1 else None
        elif model is StageSettings and keys[:1] == ("stages",) and position == 1:
            continue
        elif model is not None:
            annotation = model.model_fields[key].annotation
            model = next(
                (kind for kind in (annotation, *getattr(annotation, "__args__", ()))
                 if isinstance(kind, type) and issubclass(kind, BaseModel)),
                None,
            )  # fmt: skip
    return [] if model is None else [name for name in model.model_fields if name != "root"]


def _place(path: Path, text: str, keys: tuple[str, ...]) -> str:
    """Return ``file:line`` of the key, as near as the text tells."""
    number = 0
    table: tuple[str, ...] = ()
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = tuple(part.strip(" \"'") for part in header[1].split("."))
            if keys[: len(table)] == table:
                best = number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if key:
            full = (*table, *(part.strip("\"'") for part in key[1].split(".")))
            if keys[: len(full)] == full:
                return f"{path.name}:{number}"
    return f"{path.name}:{best}" if best else path.name
