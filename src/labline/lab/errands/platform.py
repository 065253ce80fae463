"""Start and stop the platform, which takes seconds, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labline.errors import Conflict
from labline.lab.errands.failures import failure_of
from labline.lab.shapes import Failure, PlatformStep

if TYPE_CHECKING:
    from labline.lab.errands.errands import Errands


class PlatformErrands:
    """What the platform is being asked to do.

    Parameters
    ----------
    errands
        Of the Lab whose platform it is; work that has no worker is told with it.
    """

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._platform = errands.lab.platform
        self._lock = threading.Lock()
        self._doing = ""
        self._failure: Failure | None = None

    def look(self) -> PlatformStep:
        """Return whether it is up, what is under way, and what failed."""
        failure = self._failure or self._errands.failure
        return PlatformStep(self._platform.running, self._doing, failure)

    def start(self) -> PlatformStep:
        """Begin to start the platform; one that is up or coming up is left alone.

        Raises
        ------
        Conflict
            It is being stopped.
        """
        return self._begin("start", self._platform.up)

    def stop(self) -> PlatformStep:
        """Begin to stop it.

        Raises
        ------
        Conflict
            It is being started.
        """
        return self._begin("stop", self._platform.down)

    def _begin(self, what: str, call: Callable[[], Any]) -> PlatformStep:
        with self._lock:
            if self._doing and self._doing != what:
                raise Conflict(
                    f"The platform is busy: {self._doing} is under way.", fix="Wait for its end."
                )
            if not self._doing:
                self._doing, self._failure = what, None
                threading.Thread(target=self._do, args=(call,), name=f"labline-{what}").start()
        return self.look()

    def _do(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - it is told: there is nobody to raise it to
            self._failure = failure_of(error)
        finally:
            self._doing = ""
