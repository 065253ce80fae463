"""``[monitor]``: what is kept of what an endpoint is asked, and when it has drifted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from labline.settings.section import Section
from labline.settings.units import Duration, Size


class DriftSettings(Section):
    """``[monitor.drift]``: from when on a window is another than the training set."""

    test: str = Field(
        "psi",
        description="how two samples are held against each other: psi, ks, chi2, js, or one of "
        "the entry points labline.drift_tests",
    )
    threshold: float | None = Field(
        None,
        gt=0,
        description="how far the test's figure may be from that of training; the test's own "
        "unless set: 0.2 for psi, 0.1 for the others",
    )
    certainty: float = Field(
        0.999,
        gt=0.5,
        lt=1,
        description="how sure it must be, over all columns, that a drift is not chance",
    )
    rows: int = Field(
        200, ge=20, description="rows below which a window is not judged: fewer tell nothing"
    )
    features: Literal["all"] | tuple[str, ...] = Field(
        "all", description='columns that are judged: "all", or their names'
    )
    predictions: bool = Field(True, description="whether the predictions are judged too")


class MetricsSettings(Section):
    """``[monitor.metrics]``: from when on labels say that a model has got worse."""

    drop: float = Field(
        0.1,
        ge=0,
        description="share of the run's own value by which a metric may be worse on labelled rows "
        "of production, as long as chance does not explain more",
    )
    labels: int = Field(
        50, ge=10, description="labelled rows below which no metric is judged: fewer tell nothing"
    )
    names: Literal["all"] | tuple[str, ...] = Field(
        "all", description='metrics that are judged, as the run logged them: "all", or their names'
    )


class MonitorSettings(Section):
    """``[monitor]``: what is kept of what endpoints are asked, and how it is watched."""

    capture: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the answered requests that the prediction log keeps, by request id; "
        "true is all of them, 0 none. What it keeps may be personal data",
    )
    keep: Duration = Field(
        30 * 86400.0, gt=0, description="how long ('30d') the prediction log keeps them"
    )
    size: Size = Field(
        2**30, ge=2**20, description="bytes (or '1GiB') that it keeps of each endpoint"
    )
    every: Duration | None = Field(
        None,
        ge=60,
        description="how often ('1h') a worker looks at each endpoint by itself; never unless set",
    )
    window: Duration = Field(
        86400.0, ge=60, description="how far ('24h') a look at an endpoint goes back"
    )
    drift: DriftSettings = DriftSettings()
    metrics: MetricsSettings = MetricsSettings()
