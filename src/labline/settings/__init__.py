"""Settings: ``labline.toml``, environment variables and the places where labline keeps things.

Order of precedence: environment (``MLFLOW_TRACKING_URI``, ``LABLINE_DATABASE_URL``,
``LABLINE_GATEWAY__PORT`` ...), then ``labline.toml``, then the defaults.
"""

from labline.settings.contract import ContractSettings
from labline.settings.data import DataSettings
from labline.settings.dependencies import DependenciesSettings
from labline.settings.fairness import FairnessSettings
from labline.settings.gateway import GatewaySettings
from labline.settings.kernels import KernelsSettings
from labline.settings.ledger import LedgerSettings
from labline.settings.monitor import DriftSettings, MetricsSettings, MonitorSettings
from labline.settings.notify import NotifySettings, SmtpSettings
from labline.settings.platform import (
    JobsSettings,
    ProjectSettings,
    ServingSettings,
)
from labline.settings.project import (
    POLICY_FILE,
    STATE_FOLDER,
    Edition,
    Settings,
    edition,
    find_root,
)
from labline.settings.recording import RecordingSettings
from labline.settings.retrain import RetrainSettings
from labline.settings.rollouts import AbortSettings, RolloutSettings
from labline.settings.stages import (
    ApprovalSettings,
    LatencySettings,
    MetricSettings,
    ParitySettings,
    ReplaySettings,
    StageSettings,
    default_stages,
)
from labline.settings.telemetry import TelemetrySettings
from labline.settings.units import Duration, Size, to_bytes, to_seconds
from labline.settings.workers import WorkersSettings

__all__ = [
    "POLICY_FILE",
    "STATE_FOLDER",
    "AbortSettings",
    "ApprovalSettings",
    "ContractSettings",
    "DataSettings",
    "DependenciesSettings",
    "DriftSettings",
    "Duration",
    "Edition",
    "FairnessSettings",
    "GatewaySettings",
    "JobsSettings",
    "KernelsSettings",
    "LatencySettings",
    "LedgerSettings",
    "MetricSettings",
    "MetricsSettings",
    "MonitorSettings",
    "NotifySettings",
    "ParitySettings",
    "ProjectSettings",
    "RecordingSettings",
    "ReplaySettings",
    "RetrainSettings",
    "RolloutSettings",
    "ServingSettings",
    "Settings",
    "Size",
    "SmtpSettings",
    "StageSettings",
    "TelemetrySettings",
    "WorkersSettings",
    "default_stages",
    "edition",
    "find_root",
    "to_bytes",
    "to_seconds",
]
