"""The table of routes: what the API is, by noun."""

from labline.server.route import Route
from labline.server.routes import (
    deployments,
    endpoints,
    jobs,
    lines,
    models,
    platform,
    policy,
    promotions,
    runs,
    schedules,
    sweeps,
)

ROUTES: tuple[Route, ...] = (
    *platform.ROUTES,
    *runs.ROUTES,
    *jobs.ROUTES,
    *sweeps.ROUTES,
    *schedules.ROUTES,
    *models.ROUTES,
    *policy.ROUTES,
    *promotions.ROUTES,
    *endpoints.ROUTES,
    *deployments.ROUTES,
    *lines.ROUTES,
)

__all__ = ["ROUTES"]
