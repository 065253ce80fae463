"""Runs in MLflow: create, read, log to, end."""

from __future__ import annotations

import json
import math
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import NotFound, Unreachable, nearest
from labline.records import Dataset, Run
from labline.tracking.connection import Connection

if TYPE_CHECKING:
    from labline.tracking.pages import Pages
    from labline.tracking.registry import Registry

MODEL_TAG = "labline.model_uri"
KIND_TAG = "labline.kind"
_PARENT_TAG = "mlflow.parentRunId"


class Tracking(Connection):
    """One MLflow tracking server or database.

    Parameters
    ----------
    uri
        MLflow tracking URI; it serves as registry URI too.
    artifacts
        Folder for artifacts where `uri` is a database; a server keeps its own.
    """

    def __init__(self, uri: str, artifacts: Path) -> None:
        super().__init__(uri)
        self._artifacts = artifacts

    @cached_property
    def registry(self) -> Registry:
        """The model registry on the same server."""
        from labline.tracking.registry import Registry

        return Registry(self)

    @cached_property
    def pages(self) -> Pages:
        """Pages of runs, sorted and counted."""
        from labline.tracking.pages import Pages

        return Pages(self)

    # -- runs ------------------------------------------------------------------------------

    def create_run(
        self,
        experiment: str,
        name: str = "",
        *,
        started: float | None = None,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        parent: str | None = None,
    ) -> Run:
        """Start a run; it stays open until :meth:`end_run`."""
        every = {"mlflow.user": _user(), **(tags or {})}
        if parent:
            every[_PARENT_TAG] = parent
        with self.answering():
            made = self.client.create_run(
                self._experiment_id(experiment),
                start_time=_millis(started if started is not None else time.time()),
                tags=every,
                run_name=name or None,
            )
        self.log_params(made.info.run_id, params or {})
        return self.run(made.info.run_id)

    def run(self, run_id: str) -> Run:
        """Return one run.

        Raises
        ------
        NotFound
            MLflow knows no such run.
        """
        with self.answering(), _missing(f"There is no run {run_id!r}.", "See labline runs list."):
            return self.record(self.client.get_run(run_id))

    def runs(
        self,
        experiment: str | None = None,
        *,
        limit: int = 50,
        where: str = "",
        order: str = "attributes.start_time DESC",
    ) -> list[Run]:
        """Return runs, newest first; `where` is an MLflow filter string."""
        with self.answering():
            ids = self.experiment_ids(experiment)
            found = self.client.search_runs(
                ids, filter_string=where, max_results=limit, order_by=[order]
            )
            return [self.record(item) for item in found] if ids else []

    def runs_of(self, ids: Iterable[str]) -> list[Run]:
        """Return those of several runs that there are."""
        found = []
        for id in dict.fromkeys(ids):
            with suppress(NotFound):
                found.append(self.run(id))
        return found

    def history(self, run_id: str, metric: str) -> list[tuple[int, float, float]]:
        """Return step, value and time of each value that a metric had."""
        with self.answering():
            points = self.client.get_metric_history(run_id, metric)
        return [(point.step, point.value, point.timestamp / 1000) for point in points]

    def best_run(self, experiment: str, metric: str, *, greater_is_better: bool = True) -> Run:
        """Return the finished run with the best `metric` among those with a model.

        Raises
        ------
        NotFound
            No such run; the message names the metrics there are.
        """
        direction = "DESC" if greater_is_better else "ASC"
        ranked = self.runs(
            experiment,
            limit=1000,
            where="attributes.status = 'FINISHED'",
            order=f"metrics.`{metric}` {direction}",
        )
        fit = [run for run in ranked if run.model_uri and run.tags.get(KIND_TAG) != "replay"]
        for run in fit:
            if not math.isnan(run.metrics.get(metric, math.nan)):
                return run
        if not fit:
            raise NotFound(
                f"Experiment {experiment!r} has no finished run with a model.",
                fix="Log one in a notebook: %log --model model --data X_test,y_test",
            )
        raise NotFound(
            f"No run of experiment {experiment!r} has the metric {metric!r}.",
            fix=nearest(metric, {name for run in fit for name in run.metrics}),
        )

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log parameters; a value already there under the same name stays."""
        if not params:
            return
        from mlflow.entities import Param

        known = self.run(run_id).params
        fresh = [
            Param(key, _clip(value)) for key, value in params.items() if known.get(key) is None
        ]
        with self.answering():
            self.client.log_batch(run_id, params=fresh)

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics as of now."""
        if not metrics:
            return
        from mlflow.entities import Metric

        now = _millis(time.time())
        points = [Metric(key, float(value), now, step) for key, value in metrics.items()]
        with self.answering():
            self.client.log_batch(run_id, metrics=points)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        if not tags:
            return
        from mlflow.entities import RunTag

        with self.answering():
            self.client.log_batch(
                run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()]
            )

    def log_dataset(self, run_id: str, dataset: Dataset, context: str = "") -> None:
        """Log a dataset's name, digest, schema and size as an input of the run."""
        from mlflow.entities import Dataset as MlflowDataset
        from mlflow.entities import DatasetInput, InputTag

        columns = [{"name": column.name, "type": column.dtype} for column in dataset.columns]
        entity = MlflowDataset(
            name=dataset.name,
            # MLflow keeps 36 characters of a digest; the whole one is in the recording.
            digest=dataset.digest[:36],
            source_type="local",
            source=json.dumps({"uri": dataset.source}),
            schema=json.dumps({"columns": columns})[:65535],
            profile=json.dumps({"num_rows": dataset.rows, "sha256": dataset.digest}),
        )
        tags = [InputTag("mlflow.data.context", context)] if context else []
        with self.answering():
            self._log_input(run_id, DatasetInput(entity, tags))

    def _log_input(self, run_id: str, made: Any) -> None:
        # MLflow adds a dataset that it did not find: of two runs that do so at once, one fails.
        for left in (3, 2, 1, 0):
            try:
                self.client.log_inputs(run_id, [made])
            except Exception as error:
                if not left or not re.search("IntegrityError|UniqueViolation", str(error)):
                    raise
            else:
                return

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Keep `text` as the run's artifact `path`."""
        with self.answering():
            self.client.log_text(run_id, text, path)

    def log_json(self, run_id: str, data: Any, path: str) -> None:
        """Keep `data` as JSON in the run's artifact `path`."""
        self.log_text(run_id, json.dumps(data, indent=1, default=str), path)

    def log_file(self, run_id: str, file: Path, folder: str = "") -> None:
        """Keep a local file (or the files of a folder) with the run, below `folder`."""
        with self.answering():
            if file.is_dir():
                self.client.log_artifacts(run_id, str(file), folder or None)
            else:
                self.client.log_artifact(run_id, str(file), folder or None)

    def artifacts(self, run_id: str, folder: str = "") -> list[str]:
        """Return the paths of the run's artifacts directly below `folder`."""
        with self.answering():
            return [item.path for item in self.client.list_artifacts(run_id, folder or None)]

    def download(self, run_id: str, path: str, folder: Path) -> Path:
        """Copy the run's artifact `path` below `folder` and return where it is.

        Raises
        ------
        NotFound
            The run has no such artifact.
        """
        try:
            with self.answering():
                return Path(self.client.download_artifacts(run_id, path, str(folder)))
        except Unreachable:
            raise
        except Exception as error:
            raise NotFound(f"Run {run_id} has no artifact {path!r}.") from error

    def read_json(self, run_id: str, path: str) -> Any:
        """Return the run's JSON artifact `path`, parsed."""
        return json.loads(self.read_bytes(run_id, path))

    def read_bytes(self, run_id: str, path: str) -> bytes:
        """Return the content of the run's artifact `path`.

        Raises
        ------
        NotFound
            The run has no such artifact.
        """
        with tempfile.TemporaryDirectory(prefix="labline-") as folder:
            return self.download(run_id, path, Path(folder)).read_bytes()

    def end_run(self, run_id: str, status: str = "FINISHED", ended: float | None = None) -> None:
        """End a run with MLflow's status ``FINISHED``, ``FAILED`` or ``KILLED``."""
        with self.answering():
            self.client.set_terminated(
                run_id, status, _millis(ended if ended is not None else time.time())
            )

    def attach_model(self, run_id: str, folder: Path) -> str:
        """Upload a model that :func:`labline.tracking.models.save` wrote; return its URI.

        Uploading the same files to the same run again returns the first upload.
        """
        from labline.tracking.models import attach

        with self.answering():
            return attach(self, run_id, folder)

    # -- MLflow's entities to labline's records ---------------------------------------------

    def record(self, item: Any) -> Run:
        """Return MLflow's run as labline's."""
        tags = dict(item.data.tags)
        return Run(
            id=item.info.run_id,
            name=item.info.run_name or "",
            experiment=self._experiment_name(item.info.experiment_id),
            status=item.info.status,
            started=item.info.start_time / 1000,
            ended=item.info.end_time / 1000 if item.info.end_time else None,
            params=dict(item.data.params),
            metrics=dict(item.data.metrics),
            tags=tags,
            model_uri=tags.get(MODEL_TAG),
        )

    def _experiment_id(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        known = self.client.get_experiment_by_name(name)
        if known:
            return str(known.experiment_id)
        place = None if self.remote else self._artifacts.resolve().as_uri()
        try:
            return str(self.client.create_experiment(name, artifact_location=place))
        except MlflowException:
            # Another process made it in between.
            known = self.client.get_experiment_by_name(name)
            if known is None:
                raise
            return str(known.experiment_id)

    def experiment_ids(self, name: str | None) -> list[str]:
        """Return the id of an experiment, none if there is none of this name; of all for None."""
        if name is None:
            return [item.experiment_id for item in self.client.search_experiments()]
        known = self.client.get_experiment_by_name(name)
        return [known.experiment_id] if known else []

    @cached_property
    def _names(self) -> dict[str, str]:
        return {}

    def _experiment_name(self, experiment_id: str) -> str:
        if experiment_id not in self._names:
            self._names[experiment_id] = self.client.get_experiment(experiment_id).name
        return self._names[experiment_id]


@contextmanager
def _missing(message: str, fix: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise NotFound(message, fix=fix) from error
        raise


def _millis(moment: float) -> int:
    return int(moment * 1000)


def _clip(value: Any) -> str:
    # MLflow's own limit for a parameter's value.
    return str(value)[:6000]


def _user() -> str:
    import getpass

    return getpass.getuser()
