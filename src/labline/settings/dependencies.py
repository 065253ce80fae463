"""``dependencies`` of a stage: which licences and known vulnerabilities a service may bring."""

from __future__ import annotations

from pydantic import Field

from labline.settings.section import Section


class DependenciesSettings(Section):
    """``dependencies`` of a stage: what the packages of a service may be."""

    allowed: tuple[str, ...] = Field(
        (), description="licences (SPDX, like 'MIT' or 'BSD-*') that may be; all if empty"
    )
    denied: tuple[str, ...] = Field(
        (), description="licences that may not be, like 'GPL-*' or 'AGPL-*'"
    )
    licences: dict[str, str] = Field(
        default_factory=dict,
        description="licences that a package's own metadata does not tell: { name = 'MIT' }",
    )
    vulnerabilities: str | None = Field(
        None,
        description="file to look for known vulnerabilities in, below the project: pip-audit's "
        "JSON, or OSV's (a file, a folder or all.zip); not looked for if unset",
    )
    accepted: tuple[str, ...] = Field(
        (), description="vulnerabilities that may be, by id or alias, like 'CVE-2026-1234'"
    )
