"""Settings: ``labline.toml``, environment variables and the places where labline keeps things.

Order of precedence: environment (``MLFLOW_TRACKING_URI``, ``LABLINE_DATABASE_URL``,
``LABLINE_GATEWAY__PORT`` ...), then ``labline.toml``, then the defaults below.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from labline.errors import BadInput, BadSettings, NotFound, nearest

POLICY_FILE = "labline.toml"
STATE_FOLDER = ".labline"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> object:
    """Turn ``"2h"``, ``"30 s"`` or a number into seconds; anything else is left to pydantic."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([\d.]+)\s*(ms|s|m|h|d)\s*", value)
        if match:
            return float(match[1]) * _SECONDS[match[2]]
        raise ValueError(f"{value!r} is not a duration; write for example '30s', '10m' or '2h'")
    return value


def size(value: object) -> object:
    """Turn ``"4GiB"``, ``"500 MB"`` or a number into bytes; anything else is left to pydantic."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])?(i)?B?\s*", value, re.IGNORECASE)
        if match and (match[2] or not match[3]):
            power = " KMGT".index((match[2] or " ").upper())
            return int(float(match[1]) * (1024 if match[3] else 1000) ** power)
        raise ValueError(f"{value!r} is not a size; write for example '512MiB' or '4GiB'")
    return value


def to_seconds(text: str) -> float:
    """Return the seconds in ``"2h"``, as an option of a command has it.

    Raises
    ------
    BadInput
        It is not a duration above zero.
    """
    return float(_positive(seconds, text))


def to_bytes(text: str) -> int:
    """Return the bytes in ``"4GiB"``, as an option of a command has it.

    Raises
    ------
    BadInput
        It is not a size above zero.
    """
    return int(_positive(size, text))


def _positive(parse: Callable[[object], Any], text: str) -> Any:
    try:
        value = parse(text)
    except ValueError as error:
        raise BadInput(f"{error}.") from error
    if value <= 0:
        raise BadInput(f"{text!r} is nothing; give more than zero.")
    return value


Duration = Annotated[float, BeforeValidator(seconds)]
Size = Annotated[int, BeforeValidator(size)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectSettings(_Section):
    """``[project]``: what this project is called."""

    name: str = Field("labline", min_length=1, description="default MLflow experiment and model")


class JobsSettings(_Section):
    """``[jobs]``: how notebook jobs run."""

    concurrency: int = Field(2, ge=1, description="jobs that one worker runs at a time")
    timeout: Duration = Field(7200.0, gt=0, description="seconds (or '2h') until a job is stopped")
    memory: Size | None = Field(
        None,
        gt=0,
        description="bytes (or '4GiB') that a job's processes may hold; no limit if unset",
    )
    retries: int = Field(
        0, ge=0, le=10, description="times a job is begun again when its kernel was lost"
    )
    output: Size = Field(
        20 * 2**20, ge=1024, description="bytes (or '20MiB') of output kept per cell"
    )


class MetricSettings(_Section):
    """``metric`` of a stage: what the ``metric`` gate asks for."""

    name: str = Field(description="metric as logged with the run")
    min: float | None = Field(None, description="smallest value that passes")
    max: float | None = Field(None, description="largest value that passes")
    versus_champion: float | None = Field(
        None, description="smallest allowed candidate minus champion"
    )
    greater_is_better: bool = Field(True, description="direction of 'better' for versus_champion")


class ReplaySettings(_Section):
    """``replay`` of a stage: how close a clean-room rerun must come."""

    tolerance: float = Field(1e-6, ge=0, description="relative difference allowed per metric")
    timeout: Duration = Field(3600.0, gt=0, description="seconds until the replay is stopped")


class ParitySettings(_Section):
    """``parity`` of a stage: how close the built service must come to the notebook."""

    tolerance: float = Field(1e-6, ge=0, description="relative difference allowed per prediction")


class LatencySettings(_Section):
    """``latency`` of a stage: how fast the built service must answer one row."""

    p50_ms: float | None = Field(None, gt=0, description="most milliseconds for half of requests")
    p95_ms: float | None = Field(None, gt=0, description="most milliseconds for 95 of 100")
    p99_ms: float | None = Field(None, gt=0, description="most milliseconds for 99 of 100")
    concurrency: int = Field(8, ge=1, le=256, description="requests under way at a time")
    requests: int = Field(200, ge=2, le=10_000, description="requests that are measured")


class ApprovalSettings(_Section):
    """``approvals`` of a stage: who must agree after the gates have passed."""

    required: int = Field(0, ge=0, description="people who must approve before the stage moves")
    four_eyes: bool = Field(True, description="whether the one who asked may not approve")
    expires: Duration = Field(
        259200.0, gt=0, description="seconds (or '72h') after which it must be asked for again"
    )


class StageSettings(_Section):
    """``[stages.NAME]``: the process of one stage."""

    after: str | None = Field(None, description="stage that the model version must hold first")
    gates: tuple[str, ...] = Field(("signature",), description="gates, all of which must pass")
    approvals: ApprovalSettings = ApprovalSettings()
    metric: MetricSettings | None = None
    replay: ReplaySettings = ReplaySettings()
    parity: ParitySettings = ParitySettings()
    latency: LatencySettings | None = None


class GatewaySettings(_Section):
    """``[gateway]``: where endpoints are served."""

    host: str = Field("127.0.0.1", description="address to listen on; loopback unless told")
    port: int = Field(8490, ge=1, le=65535, description="port of the gateway")


class ServingSettings(_Section):
    """``[serving]``: how a release boots."""

    boot_timeout: Duration = Field(120.0, gt=0, description="seconds until /readyz must answer")
    max_body_bytes: int = Field(10 * 2**20, ge=1024, description="largest request body, bytes")
    max_rows: int = Field(100_000, ge=1, description="most rows in one request")
    template: str = Field("pyfunc", description="Bento template, a folder of labline/bentos")


def default_stages() -> dict[str, StageSettings]:
    """Return the line that a project without ``[stages]`` has."""
    return {
        "staging": StageSettings(gates=("signature", "replay")),
        "prod": StageSettings(after="staging", gates=("signature", "replay")),
    }


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
    stages: dict[str, StageSettings] = Field(default_factory=default_stages)
    gateway: GatewaySettings = GatewaySettings()
    serving: ServingSettings = ServingSettings()
    tracking_uri: str | None = Field(
        None, validation_alias=AliasChoices("tracking_uri", "MLFLOW_TRACKING_URI")
    )
    database_url: str | None = Field(
        None, validation_alias=AliasChoices("database_url", "LABLINE_DATABASE_URL")
    )

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
        path = root / POLICY_FILE
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadSettings(f"{path} is not valid TOML: {error}") from error
        try:
            settings = cls(root=root, **data)
        except ValidationError as error:
            raise _explain(error, path, text) from error
        except SettingsError as error:
            raise BadSettings(
                f"An environment variable LABLINE_... cannot be used: {error}",
                fix="Write a key of a section with two underscores: LABLINE_GATEWAY__PORT=8500",
            ) from error
        _check_order(settings.stages, path, text)
        return settings

    @property
    def state(self) -> Path:
        """Folder of everything embedded; deleting it is a clean reset."""
        return self.root / STATE_FOLDER

    def folder(self, name: str) -> Path:
        """Return (and make) one folder below :attr:`state`."""
        path = self.state / name
        path.mkdir(parents=True, exist_ok=True)
        return path

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


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds ``labline.toml``, else `start`."""
    start = start.resolve()
    start = start if start.is_dir() else start.parent
    return next((at for at in (start, *start.parents) if (at / POLICY_FILE).is_file()), start)


def _check_order(stages: Mapping[str, StageSettings], path: Path, text: str) -> None:
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


def _explain(error: ValidationError, path: Path, text: str) -> BadSettings:
    lines = []
    for item in error.errors():
        keys = tuple(str(key) for key in item["loc"])
        if item["type"] == "extra_forbidden":
            what = f"unknown key {keys[-1]!r}. {nearest(keys[-1], _known(keys[:-1]))}"
        else:
            what = f"{'.'.join(keys)}: {item['msg']}"
        lines.append(f"{_place(path, text, keys)}: {what}")
    return BadSettings("\n".join(lines), fix="The keys are listed in docs/reference/settings.md.")


def _known(keys: tuple[str, ...]) -> list[str]:
    model: Any = Settings
    for position, key in enumerate(keys):
        if model is Settings and key == "stages":
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
