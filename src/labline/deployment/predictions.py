"""The prediction log: what tells a release to keep what it is asked, and where."""

from __future__ import annotations

from labline.records import Release
from labline.settings import Settings

#: variable of a release with the folder that it writes to; the Bento's own README has the others
VARIABLE = "LABLINE_RECORDS"


def variables(settings: Settings, release: Release) -> dict[str, str]:
    """Return the environment of a release that keeps records; an empty folder keeps none."""
    rule = settings.by_policy_of_now().monitor
    if not rule.capture:
        return {VARIABLE: ""}
    return {
        VARIABLE: str(settings.predictions / release.endpoint),
        f"{VARIABLE}_SHARE": str(rule.capture),
        f"{VARIABLE}_KEEP": str(rule.keep),
        f"{VARIABLE}_BYTES": str(rule.size),
        f"{VARIABLE}_ENDPOINT": release.endpoint,
        f"{VARIABLE}_RELEASE": str(release.id),
    }
