"""CI files as surfaces ask for them: ``labline ci``, and the button "Make this CI"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labline.errors import BadInput, Conflict, nearest
from labline.lab.pipeline import github, gitlab
from labline.lab.pipeline.plan import KINDS, Line, Notebook, Plan, Written, checked

if TYPE_CHECKING:
    from labline.lab.service import Lab

_HEAD = "# Written by labline ci: notebooks are run, the result is judged, and promoted on merge.\n"


@dataclass(frozen=True)
class PipelineDesk:
    """Where CI files are written."""

    lab: Lab

    def write(
        self,
        kind: str,
        notebooks: Sequence[tuple[Path, Mapping[str, str]]],
        *,
        promotion: Line | None = None,
        branch: str = "main",
        more: Sequence[str] = (),
    ) -> Written:
        """Return the CI file that does what was asked for here; nothing is written to disk.

        Parameters
        ----------
        kind
            ``github`` or ``gitlab``.
        notebooks
            Each with its parameters, as text.
        promotion
            What to judge on pull requests and to promote on merge.
        more
            Further words of the command that runs each notebook: what is swept, limits.

        Raises
        ------
        BadInput
            `kind` is no CI system, a notebook is not in the project or does not take its
            parameters, or a value cannot be written into such a file.
        NotFound
            The stage does not exist.
        """
        if kind not in KINDS:
            raise BadInput(f"There is no CI system {kind!r} here.", fix=nearest(kind, KINDS))
        if promotion:
            self.lab.rules.stage(promotion.stage)
        found = tuple(self._checked(path, values, more) for path, values in notebooks)
        plan = checked(Plan(found, promotion, self._needs(), branch))
        made = github.workflow(plan) if kind == "github" else gitlab.pipeline(plan)
        return Written(github.PATH if kind == "github" else gitlab.PATH, _dumped(made))

    def save(self, written: Written, *, replace: bool = False) -> Path:
        """Write the file where its CI system looks for it.

        Raises
        ------
        Conflict
            Another one is there, and `replace` was not said.
        """
        path = self.lab.settings.root / written.path
        there = path.read_text(encoding="utf-8") if path.is_file() else written.text
        if there != written.text and not replace:
            raise Conflict(f"{path} is there already.", fix="Replace it: --replace, or --print.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written.text, encoding="utf-8")
        return path

    def _checked(self, path: Path, values: Mapping[str, str], more: Sequence[str]) -> Notebook:
        from labline import notebooks

        notebooks.parse_values(notebooks.read(path), values)
        root = self.lab.settings.root
        inside = path.resolve()
        place = inside.relative_to(root) if inside.is_relative_to(root) else inside
        return Notebook(place.as_posix(), values, tuple(more))

    def _needs(self) -> tuple[str, ...]:
        """Return what to install: the project's own requirements where it has some."""
        root = self.lab.settings.root
        if (root / "requirements.txt").is_file():
            return ("labline", "-r", "requirements.txt")
        return ("labline", ".") if (root / "pyproject.toml").is_file() else ("labline",)


def _dumped(made: Mapping[str, object]) -> str:
    import yaml

    return _HEAD + yaml.safe_dump(made, sort_keys=False, width=100, allow_unicode=True)
