"""What this kernel runs on: Python, platform, and the distributions that are actually loaded."""

from __future__ import annotations

import functools
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from labline.records import Environment

_RECORDS = (".dist-info", ".egg-info")


def capture(modules: Iterable[str] | None = None) -> Environment:
    """Return the environment; `modules` are those loaded, by default the kernel's."""
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages=versions(loaded(sys.modules if modules is None else modules)),
    )


def loaded(modules: Iterable[str]) -> set[str]:
    """Return the distributions that the modules come from."""
    known = by_module()
    names = {name.partition(".")[0] for name in tuple(modules)} - sys.stdlib_module_names
    found: set[str] = set()
    for name in names:
        owners = known.get(name, ())
        found.update(owners if len(owners) < 2 else _owning(name, owners))
    return found


def _owning(name: str, owners: Iterable[str]) -> set[str]:
    """Return, of the distributions that share a namespace, those with a module in memory."""
    below = [module for module in tuple(sys.modules) if f"{module}.".startswith(f"{name}.")]
    paths = {module.replace(".", "/") for module in below}
    return {owner for owner in owners if paths & _paths(owner, metadata.version(owner))}


@functools.lru_cache(maxsize=256)
def _paths(distribution: str, _version: str) -> frozenset[str]:
    files = metadata.files(distribution) or ()
    return frozenset(
        str(file).removesuffix(".py").removesuffix("/__init__")
        for file in files
        if file.suffix == ".py"
    )


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each distribution, in order of name."""
    return {name: metadata.version(name) for name in sorted(distributions, key=str.lower)}


def by_module() -> Mapping[str, tuple[str, ...]]:
    """Return the distributions of every importable top-level name.

    Reading them all takes up to half a second, so it is done again only after a distribution came
    or went, as by ``%pip install``.
    """
    return _by_module(tuple((entry, _installed(entry)) for entry in dict.fromkeys(sys.path)))


@functools.lru_cache(maxsize=1)
def _by_module(_present: tuple[tuple[str, frozenset[str]], ...]) -> Mapping[str, tuple[str, ...]]:
    names = metadata.packages_distributions()
    return {name: tuple(sorted(set(found))) for name, found in names.items()}


def _installed(entry: str) -> frozenset[str]:
    """Return the names of what says, in one folder of the path, what is installed there."""
    try:
        return frozenset(name for name in os.listdir(entry or ".") if name.endswith(_RECORDS))  # noqa: PTH208 - sys.path may hold ""
    except OSError:
        return frozenset()


def needed_by(distribution: str) -> set[str]:
    """Return the distributions that one requires outright, extras left out."""
    try:
        lines = metadata.requires(distribution) or ()
    except metadata.PackageNotFoundError:
        return set()
    plain = (line for line in lines if "extra ==" not in line)
    return {normal(match[0]) for line in plain if (match := re.match(r"[\w.-]+", line))}


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def editable_root(distribution: str) -> Path | None:
    """Return the folder that a distribution was installed from in place, if it was."""
    import json
    from urllib.parse import unquote, urlsplit

    text = metadata.distribution(distribution).read_text("direct_url.json")
    facts = json.loads(text) if text else {}
    if "dir_info" not in facts:
        return None
    return Path(unquote(urlsplit(facts["url"]).path))
