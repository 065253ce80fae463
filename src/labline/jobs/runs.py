"""Executions of notebooks as recorded runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.jobs.execution import Execution
from labline.records import Run
from labline.settings import Settings
from labline.workflows import Interrupted

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from labline.tracking import Tracking
    from labline.tracking.recording import Recording

FOLDER = "labline"
#: artifact of a run: the notebook as it was given to the kernel, without outputs
NOTEBOOK = f"{FOLDER}/notebook.ipynb"
#: artifact of a run: the notebook with what it showed
OUTPUT = f"{FOLDER}/output.ipynb"
#: artifact of a run: the same as one HTML page
REPORT = f"{FOLDER}/report.html"


@dataclass(frozen=True)
class Runs:
    """Open a run for an execution, give the kernel word of it, and close it with what came out."""

    settings: Settings
    tracking: Tracking
    _first: threading.Lock = field(default_factory=threading.Lock)

    def open(
        self,
        notebook: NotebookNode,
        path: Path,
        *,
        kind: str,
        name: str = "",
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
        parent: str | None = None,
    ) -> Run:
        """Start the run of `notebook`, values injected, that was read from `path`.

        `values` are recorded in place of what the notebook says.
        """
        place = self.label(path)
        with self._first:
            # Two threads must not both make MLflow's database.
            return self.tracking.create_run(
                experiment or self.settings.project.name,
                name or path.stem,
                tags={
                    "labline.kind": kind,
                    "labline.notebook": place,
                    "mlflow.source.name": place,
                    "mlflow.source.type": "NOTEBOOK",
                    **(tags or {}),
                },
                params={**shown_values(notebook), **(values or {})},
                parent=parent,
            )

    def environment(self, run: Run, path: Path) -> dict[str, str]:
        """Return the variables that tell the kernel which run it records."""
        return {
            "LABLINE_RUN_ID": run.id,
            "LABLINE_EXPERIMENT": run.experiment,
            "LABLINE_NOTEBOOK": str(path),
            "LABLINE_ROOT": str(self.settings.root),
            "LABLINE_KIND": run.tags.get("labline.kind", ""),
            "MLFLOW_TRACKING_URI": self.settings.mlflow_uri,
            "JPY_SESSION_NAME": str(path),
        }

    def close(
        self,
        run_id: str,
        given: NotebookNode,
        execution: Execution,
        *,
        title: str,
        report: Path | None = None,
    ) -> Run:
        """Keep notebook, output and report with the run, end it, and return it.

        The report is written to the file `report` too.
        """
        import nbformat

        self.publish(run_id)
        page = notebooks.html(execution.notebook, title)
        if report:
            report.write_text(page, encoding="utf-8")
        for path, text in (
            (NOTEBOOK, nbformat.writes(notebooks.clear_outputs(given))),
            (OUTPUT, nbformat.writes(execution.notebook)),
            (REPORT, page),
        ):
            self.tracking.log_text(run_id, text, path)
        self.tracking.end_run(run_id, "FAILED" if execution.failure else "FINISHED")
        return self.tracking.run(run_id)

    @contextmanager
    def ended(self, run_id: str) -> Iterator[None]:
        """See that the run does not stay open where the block raises."""
        try:
            yield
        except (Interrupted, KeyboardInterrupt):
            self.kill(run_id)
            raise
        except Exception:
            self.tracking.end_run(run_id, "FAILED")
            raise

    def lose(self, run_id: str) -> None:
        """End a run whose kernel was lost, with what it recorded until then."""
        self.publish(run_id)
        if self.tracking.run(run_id).status == "RUNNING":
            self.tracking.end_run(run_id, "FAILED")

    def keep(self, run_id: str, output: Path) -> None:
        """Keep with a run that was stopped what it recorded, and its notebook as far as it ran."""
        self.publish(run_id)
        self.tracking.log_text(run_id, output.read_text(encoding="utf-8"), OUTPUT)

    def kill(self, run_id: str) -> None:
        """End a run that was cancelled, if it has not ended."""
        if self.tracking.run(run_id).status == "RUNNING":
            self.tracking.end_run(run_id, "KILLED")

    def publish(self, run_id: str) -> None:
        """Bring to MLflow what the kernel, which has ended, recorded of this run."""
        from labline.tracking.publisher import publish

        for recording in self._recordings(run_id):
            publish(recording.path, self.tracking)

    def course(self, run_id: str, metric: str) -> list[float]:
        """Return the values that a metric of a run has had so far, also while it runs."""
        live = [
            float(event["values"][metric])
            for recording in self._recordings(run_id)
            for event in recording.all("metrics")
            if metric in event["values"]
        ]
        return live or [value for _, value, _ in self.tracking.history(run_id, metric)]

    def _recordings(self, run_id: str) -> Iterator[Recording]:
        """Yield what kernels have recorded of a run that is not put away yet."""
        from labline.tracking.recording import NotARecording, Recording

        for journal in sorted(self.settings.folder("recordings").glob("*.jsonl")):
            try:
                recording = Recording.read(journal)
            except (NotARecording, FileNotFoundError):
                continue
            if recording.start["run_id"] == run_id:
                yield recording

    # -- where a notebook is -------------------------------------------------------------------

    def label(self, path: Path) -> str:
        """Return `path` as the project knows it: relative to its root where that is possible."""
        inside = path.is_relative_to(self.settings.root)
        return str(path.relative_to(self.settings.root) if inside else path)

    def path(self, label: str | None) -> Path:
        """Return the path that :meth:`label` made `label` of, or one in the root."""
        return self.settings.root / (label or "notebook.ipynb")


def shown_values(notebook: NotebookNode) -> dict[str, Any]:
    """Return every parameter with the value it has in this notebook; a computed one as written."""
    shown: dict[str, Any] = {
        one.name: one.source if one.default is None else one.default
        for one in notebooks.parameters(notebook)
    }
    return {**shown, **notebooks.injected_values(notebook)}
