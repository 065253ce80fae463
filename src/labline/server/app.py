"""The extension application that Jupyter Server loads."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from labline.server.bench import Bench
from labline.server.watcher import Watcher
from labline.server.web import rules


class LablineApp(ExtensionApp):
    """labline's REST API under ``/labline/api``.

    Jupyter Server makes it, links it and calls ``initialize_settings``, ``initialize_handlers``
    and at the end ``stop_extension``.
    """

    name = "labline"
    description = "Recorded runs, jobs, models and endpoints of the project that is served."
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Hand the bench to the handlers; the project is found when the first request comes."""
        assert self.serverapp is not None  # Jupyter Server links the app before this
        self.settings["labline_bench"] = Bench(Path(self.serverapp.root_dir))
        self.settings["labline_watcher"] = Watcher(self.settings["labline_bench"])
        self.settings["labline_shown"] = self.serverapp.root_dir

    def initialize_handlers(self) -> None:
        """Add every route of the API."""
        self.handlers.extend(rules())

    async def stop_extension(self) -> None:
        """Let the threads go; called when the server stops."""
        self.settings["labline_bench"].close()
