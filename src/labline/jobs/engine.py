"""The papermill engine ``labline``: ``papermill in.ipynb out.ipynb --engine labline -p alpha 0.5``.

papermill imports this module, while it is itself being imported, to register the engine; so all
else is imported when a notebook is run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papermill.engines import Engine

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from labline.records import Run
    from labline.tracking import Tracking


class LablineEngine(Engine):  # type: ignore[misc]
    """Executes a notebook as a recorded run, with neither worker nor queue nor daemon.

    Where there is no ``labline.toml`` nothing is left running either: the kernel starts cold, and
    the run is kept in ``.labline`` of the current directory.

    Parameters are checked against the notebook's parameters cell before anything runs; a value
    ``env:NAME`` is read from the environment by the notebook and written nowhere. As with any
    papermill engine the kernel works in the current directory, or in that of ``--cwd``.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        input_path: str | None = None,
        execution_timeout: int | None = None,
        start_timeout: int = 60,
        **options: Any,
    ) -> None:
        """Execute the notebook that papermill has prepared; papermill calls this.

        A cell that raises is left to papermill, which says so.

        Raises
        ------
        BadParameter
            A parameter is unknown, missing or of the wrong type, or a variable is not set.
        """
        from labline import notebooks
        from labline.jobs.execution import Plan, execute_cells, require_secrets
        from labline.jobs.runs import Runs
        from labline.settings import Settings
        from labline.tracking import Tracking

        path = _path(input_path)
        _bind(nb_man.nb)
        require_secrets(nb_man.nb, os.environ)
        given = notebooks.clear_outputs(nb_man.nb)
        settings = Settings.load(_place(path))
        runs = Runs(settings, Tracking(settings.mlflow_uri, settings.state / "artifacts"))
        run = runs.open(given, path, kind="job")
        plan = Plan(
            name=path.name,
            folder=Path.cwd(),
            environment=runs.environment(run, path),
            kernel=kernel_name,
            warm=_is_project(settings.root),
            timeout=execution_timeout,
            memory=settings.jobs.memory,
            room=settings.jobs.output,
            options={**options, "startup_timeout": start_timeout},
        )
        with runs.ended(run.id):
            done = runs.close(run.id, given, execute_cells(nb_man, plan), title=path.stem)
        _say(done, runs.tracking)


def _place(path: Path) -> Path:
    """Return a path in the notebook's project; without one, the current directory."""
    from labline.settings import find_root

    return path if _is_project(find_root(path)) else Path.cwd()


def _is_project(root: Path) -> bool:
    from labline.settings import POLICY_FILE

    return (root / POLICY_FILE).is_file()


def _say(run: Run, tracking: Tracking) -> None:
    """Tell where the run is, as papermill tells where the notebook is."""
    from papermill.log import logger

    logger.info("Run:             %s (experiment %s)", run.id, run.experiment)
    if not tracking.remote:
        logger.info("See it by:       mlflow ui --backend-store-uri %s", tracking.uri)


def _path(given: Any) -> Path:
    """Return the notebook's path; one in the current directory if it came from elsewhere."""
    path = Path(given) if isinstance(given, str) else Path()
    return path.resolve() if path.is_file() else Path.cwd() / "notebook.ipynb"


def _bind(notebook: NotebookNode) -> None:
    """Check what papermill injected, and write it as labline does."""
    from labline import notebooks

    notebooks.require_python(notebook)
    notebooks.reinject(notebook, notebooks.bind(notebook, notebooks.injected_values(notebook)))
