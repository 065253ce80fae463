"""Everything a project can set, read from ``labline.toml`` and the environment."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import AliasChoices, Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from labline.errors import BadSettings, NotFound, nearest
from labline.settings.batch import BatchSettings
from labline.settings.explain import explain, of_endpoints, of_order, refusal
from labline.settings.gateway import GatewaySettings
from labline.settings.kernels import KernelsSettings
from labline.settings.ledger import LedgerSettings
from labline.settings.monitor import MonitorSettings
from labline.settings.notify import NotifySettings
from labline.settings.platform import (
    JobsSettings,
    ProjectSettings,
    ServingSettings,
)
from labline.settings.recording import RecordingSettings
from labline.settings.retrain import RetrainSettings
from labline.settings.stages import StageSettings, default_stages
from labline.settings.telemetry import TelemetrySettings
from labline.settings.workers import WorkersSettings

#: root of a project, time of change and size of its labline.toml
Edition = tuple[Path, int, int]
POLICY_FILE = "labline.toml"
STATE_FOLDER = ".labline"
#: what counts as it is now, in processes that began before labline.toml was edited, too
_OF_NOW = ("stages", "monitor", "retrain", "notify")


class Settings(BaseSettings):
    """Everything a project can set, and where it lives.

    Use :meth:`load`; the constructor alone reads no file.
    """

    model_config = SettingsConfigDict(
        extra="forbid", env_prefix="LABLINE_", env_nested_delimiter="__", populate_by_name=True
    )

    root: Path = Field(default_factory=Path.cwd, description="folder of labline.toml")
    project: ProjectSettings = ProjectSettings()
    jobs: JobsSettings = JobsSettings()
    kernels: KernelsSettings = KernelsSettings()
    recording: RecordingSettings = RecordingSettings()
    workers: WorkersSettings = WorkersSettings()
    stages: dict[str, StageSettings] = Field(default_factory=default_stages)
    gateway: GatewaySettings = GatewaySettings()
    serving: ServingSettings = ServingSettings()
    batch: BatchSettings = BatchSettings()
    monitor: MonitorSettings = MonitorSettings()
    retrain: RetrainSettings = RetrainSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    ledger: LedgerSettings = LedgerSettings()
    notify: NotifySettings = NotifySettings()
    tracking_uri: str | None = Field(
        None, validation_alias=AliasChoices("tracking_uri", "MLFLOW_TRACKING_URI")
    )
    database_url: str | None = Field(
        None, validation_alias=AliasChoices("database_url", "LABLINE_DATABASE_URL")
    )

    #: what labline.toml said when it was read; None: it was not
    _read: str | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _ask_for_cards(self) -> Settings:
        """Have every stage that none comes after ask for the card where the risk is high."""
        if self.project.risk == "high":
            before = {stage.after for stage in self.stages.values()}
            self.stages = {
                name: stage
                if name in before or "card" in stage.gates
                else stage.model_copy(update={"gates": (*stage.gates, "card")})
                for name, stage in self.stages.items()
            }
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic calls by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which :meth:`load` passes as keywords."""
        folder = {"root": getattr(init_settings, "init_kwargs", {}).get("root", Path.cwd())}
        return InitSettingsSource(settings_cls, folder), env_settings, init_settings

    @classmethod
    def load(cls, start: Path | str | None = None) -> Settings:
        """Read the settings of the project that `start` (default: here) lies in.

        Raises
        ------
        BadSettings
            The file is not TOML, has an unknown key, or a value of the wrong type.
        """
        root = find_root(Path(start or Path.cwd()))
        path, text = root / POLICY_FILE, _policy(root)
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadSettings(f"{path} is not valid TOML: {error}") from error
        try:
            settings = cls(root=root, **data)
        except ValidationError as error:
            raise explain(error, path, text, cls) from error
        except SettingsError as error:
            raise BadSettings(
                f"An environment variable LABLINE_... cannot be used: {error}",
                fix="Write a key of a section with two underscores: LABLINE_GATEWAY__PORT=8500",
            ) from error
        after = {name: stage.after for name, stage in settings.stages.items()}
        served = {name: stage.endpoint for name, stage in settings.stages.items()}
        if faults := [*of_order(after, text), *of_endpoints(served, text)]:
            raise refusal(faults, path)
        settings._read = text
        return settings

    def by_policy_of_now(self) -> Settings:
        """Return these settings with what labline.toml says now of stages and of what follows them.

        A worker runs for days: what it judges, watches, trains again and tells of goes by the file
        as it is, not as it was when the worker began. What a running process cannot change, such
        as the gateway's port, stays; so do settings that were read from no file.

        Raises
        ------
        BadSettings
            The file cannot be used.
        """
        if self._read is None or _policy(self.root) == self._read:
            return self
        now = Settings.load(self.root)
        return self.model_copy(update={name: getattr(now, name) for name in _OF_NOW})

    @property
    def state(self) -> Path:
        """Folder of everything embedded; deleting it is a clean reset."""
        return self.root / STATE_FOLDER

    @property
    def tls(self) -> tuple[Path, Path] | None:
        """Files of the gateway's certificate and key; None without TLS."""
        tls = self.gateway.tls
        return (self.root / tls.certificate, self.root / tls.key) if tls else None

    def folder(self, name: str) -> Path:
        """Return (and make) one folder below :attr:`state`."""
        path = self.state / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def predictions(self) -> Path:
        """Folder of the prediction log: a folder an endpoint, a folder a day, Parquet files."""
        return self.state / "predictions"

    @property
    def labels(self) -> Path:
        """Folder of the labels that came late: a folder an endpoint, Parquet files."""
        return self.state / "labels"

    @property
    def mlflow_uri(self) -> str:
        """MLflow tracking and registry URI; SQLite in :attr:`state` unless set."""
        return self.tracking_uri or f"sqlite:///{self.state / 'mlflow.db'}"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of workflows, ledger and endpoints; SQLite unless set."""
        return self.database_url or f"sqlite:///{self.state / 'labline.db'}"

    @property
    def bentoml_home(self) -> Path:
        """BentoML store (``BENTOML_HOME``)."""
        return Path(os.environ.get("BENTOML_HOME") or self.state / "bentoml")

    def stage(self, name: str) -> StageSettings:
        """Return one stage's settings.

        Raises
        ------
        NotFound
            The policy has no such stage.
        """
        if name not in self.stages:
            raise NotFound(
                f"There is no stage {name!r} in the policy.", fix=nearest(name, self.stages)
            )
        return self.stages[name]

    def stage_of(self, endpoint: str, model: str) -> str | None:
        """Return the stage whose policy names an endpoint for a model, if one does."""
        stages = self.stages.items()
        return next((name for name, one in stages if one.endpoint_of(model) == endpoint), None)


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds ``labline.toml``, else `start`."""
    start = start.resolve()
    start = start if start.is_dir() else start.parent
    return next((at for at in (start, *start.parents) if (at / POLICY_FILE).is_file()), start)


def edition(root: Path) -> Edition:
    """Return what is another once ``labline.toml`` is edited, made or removed."""
    try:
        facts = (root / POLICY_FILE).stat()
    except FileNotFoundError:
        return root, 0, 0
    return root, facts.st_mtime_ns, facts.st_size


def _policy(root: Path) -> str:
    path = root / POLICY_FILE
    return path.read_text(encoding="utf-8") if path.is_file() else ""
