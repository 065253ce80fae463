"""The licences of packages, as their own metadata tells them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from labline.serving.distributions import named

#: what packages wrote before there was a field for SPDX expressions
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU General Public License (GPL)": "GPL-2.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.1-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
_WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "mit license": "MIT",
    "psf": "PSF-2.0",
}
_SPDX = re.compile(r"[A-Za-z0-9.+()-]+( (AND|OR|WITH) [A-Za-z0-9.+()-]+)*")


class Licences:
    """Look licences up: here, and in environments that were made for services.

    Parameters
    ----------
    environments
        Folder of virtual environments.
    """

    def __init__(self, environments: Path) -> None:
        found = [*environments.glob("*/lib/python*/site-packages")]
        found += environments.glob("*/Lib/site-packages")
        self._known = _index(metadata.distributions())
        self._known |= _index(metadata.distributions(path=[str(path) for path in found]))

    def of(self, name: str, version: str) -> str:
        """Return the licence of a package as an SPDX expression; empty where nothing tells it."""
        found = self._known.get((canonicalize_name(name), version))
        return expression(found.metadata) if found else ""


def _index(
    distributions: Iterable[metadata.Distribution],
) -> dict[tuple[str, str], metadata.Distribution]:
    known = ((named(found), found) for found in distributions)
    return {(canonicalize_name(said[0]), said[1]): found for said, found in known if said}


def expression(facts: metadata.PackageMetadata) -> str:
    """Return the licence that a package's metadata tells; empty where it does not.

    ``License-Expression`` first, then the classifiers (several mean all of them), then
    ``License`` where that is a name and not a text.
    """
    said = facts.get("License-Expression")  # type: ignore[attr-defined]
    if said:
        return str(said)
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in facts.get_all("Classifier") or ()
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    known = dict.fromkeys(_CLASSIFIERS.get(item, "") for item in classifiers)
    if known and "" not in known:
        return " AND ".join(known)
    text = str(facts.get("License") or "").strip()  # type: ignore[attr-defined]
    named = _WORDS.get(text.lower(), text)
    return named if len(named) < 80 and _SPDX.fullmatch(named) else ""
