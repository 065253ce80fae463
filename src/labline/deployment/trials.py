"""How a candidate is tried beside a live release."""

from __future__ import annotations

from dataclasses import dataclass

from labline.errors import BadInput


@dataclass(frozen=True)
class Trial:
    """How a new release is tried beside the live one."""

    #: percent of the endpoint's requests that it answers (canary)
    weight: int = 0
    #: percent of the endpoint's requests that it gets a copy of (shadow)
    mirrored: int = 0


def check_percent(weight: int) -> None:
    """Return if `weight` is a share that a candidate can have.

    Raises
    ------
    BadInput
        It is not.
    """
    if not 0 < weight < 100:
        raise BadInput(
            f"{weight} is no share of the requests for a candidate.",
            fix="Give a percent from 1 to 99; all of them: labline traffic finish ENDPOINT",
        )
