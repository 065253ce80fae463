"""What surfaces are told: typed, JSON-ready, and the schemas of the REST API.

Records of the glossary (:class:`~labline.records.Run`, :class:`~labline.records.Job` ...) are told
as they are; here is what is put together from several of them.
"""

from __future__ import annotations

from labline.deployment.comparing import Comparison
from labline.deployment.status import Share
from labline.jobs.sweeps import Sweep
from labline.lab.policy import Explained
from labline.lab.shapes.answers import (
    Accepted,
    Done,
    Failure,
    Line,
    Mismatch,
    Pipeline,
    PlatformStep,
    Version,
)
from labline.lab.shapes.endpoints import (
    Answered,
    DeploymentState,
    EndpointDetail,
    EndpointMetrics,
    EndpointRow,
    IssuedKey,
    Prediction,
)
from labline.lab.shapes.jobs import (
    Form,
    JobDetail,
    LogPiece,
    ParameterField,
    Scheduled,
    Submitted,
    SweepDetail,
)
from labline.lab.shapes.models import (
    Decision,
    ModelDetail,
    ModelRow,
    Moment,
    PromotionDetail,
    PromotionRow,
    Served,
    VersionRow,
)
from labline.lab.shapes.monitoring import Glance, Monitored, Renewal, Trail, Watched
from labline.lab.shapes.runs import (
    MetricPoint,
    RunComparison,
    RunDetail,
)
from labline.monitoring.look import Look
from labline.monitoring.realised import RealisedReport
from labline.monitoring.report import DriftReport
from labline.records import Job, ModelVersion, Release, Run, Schedule

__all__ = [
    "Accepted",
    "Answered",
    "Comparison",
    "Decision",
    "DeploymentState",
    "Done",
    "DriftReport",
    "EndpointDetail",
    "EndpointMetrics",
    "EndpointRow",
    "Explained",
    "Failure",
    "Form",
    "Glance",
    "IssuedKey",
    "Job",
    "JobDetail",
    "Line",
    "LogPiece",
    "Look",
    "MetricPoint",
    "Mismatch",
    "ModelDetail",
    "ModelRow",
    "ModelVersion",
    "Moment",
    "Monitored",
    "ParameterField",
    "Pipeline",
    "PlatformStep",
    "Prediction",
    "PromotionDetail",
    "PromotionRow",
    "RealisedReport",
    "Release",
    "Renewal",
    "Run",
    "RunComparison",
    "RunDetail",
    "Schedule",
    "Scheduled",
    "Served",
    "Share",
    "Submitted",
    "Sweep",
    "SweepDetail",
    "Trail",
    "Version",
    "VersionRow",
    "Watched",
]
