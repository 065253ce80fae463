"""How a release is tried beside the live one, and of how many instances it is."""

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


#: instances that a release can have
MOST_INSTANCES = 32


def check_instances(count: int) -> None:
    """Return if a release can have `count` instances.

    Raises
    ------
    BadInput
        It cannot.
    """
    if not 1 <= count <= MOST_INSTANCES:
        raise BadInput(
            f"A release cannot have {count} instances.", fix=f"Give 1 to {MOST_INSTANCES}."
        )


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
