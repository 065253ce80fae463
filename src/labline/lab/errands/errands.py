"""Hand work out, and see that somebody does it."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from labline.errors import LablineError
from labline.lab.errands.deployments import DeploymentErrands
from labline.lab.errands.failures import failure_of
from labline.lab.errands.platform import PlatformErrands
from labline.lab.errands.promotions import PromotionErrands
from labline.lab.hands import Hands
from labline.lab.part import part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labline.lab.service import Lab
    from labline.lab.shapes import Failure


#: seconds between two looks whether a worker is still there, and at most where none can be had
PERIOD, LONGEST = 2.0, 60.0


class Errands:
    """Work that was asked for here. Whoever asked may go: it is done all the same.

    A thread looks after what is not done yet: a worker can be lost at any time.

    Parameters
    ----------
    lab
        Whose workflows they are.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._lock = threading.Lock()
        self._hands: Hands | None = None
        self._open: set[str] = set()
        self._tending: threading.Thread | None = None
        self._failure: Failure | None = None

    @part
    def promotions(self) -> PromotionErrands:
        """Promotions and decisions on them."""
        return PromotionErrands(self)

    @part
    def deployments(self) -> DeploymentErrands:
        """Deployments and rollbacks."""
        return DeploymentErrands(self)

    @part
    def platform(self) -> PlatformErrands:
        """Starting and stopping the platform."""
        return PlatformErrands(self)

    @property
    def failure(self) -> Failure | None:
        """Why what was asked for has no worker; None while it has, or nothing is to be done."""
        return self._failure

    def give(self, name: str, payload: dict[str, Any], *, id: str | None = None) -> str:
        """Queue a workflow, see that a worker is there, and return its id at once.

        Raises
        ------
        Failed
            No worker can be started; the work stays queued.
        """
        given = self.lab.workflows.submit(name, payload, id=id)
        self.see_to([given])
        return given

    def see_to(self, ids: Iterable[str]) -> None:
        """See that a worker is there for what was queued, now and until it is done."""
        with self._lock:
            self._open.update(ids)
            if not (self._tending and self._tending.is_alive()):
                self._tending = threading.Thread(target=self._tend, name="labline-errands")
                self._tending.daemon = True
                self._tending.start()
            self._ensure()

    def tend(self) -> None:
        """Start a worker again where one was lost before the errands were done."""
        with self._lock:
            states = self.lab.workflows.states([*self._open]) if self._open else {}
            self._open = {id for id, state in states.items() if not state.status.ended}
            if self._open:
                self._ensure()

    def _tend(self) -> None:
        pause = PERIOD
        while True:
            time.sleep(pause)
            try:
                self.tend()
                pause, self._failure = PERIOD, None
            except LablineError as error:
                self._failure = failure_of(error)
                logging.getLogger(__name__).warning("Queued work has no worker yet: %s", error)
                pause = min(2 * pause, LONGEST)
            with self._lock:
                if not self._open:
                    self._tending, hands = None, self._hands
                    break
        if hands:
            hands.see_off()

    def _ensure(self) -> None:
        hands = self._hands = self._hands or Hands(self.lab)
        try:
            hands.ensure()
        except LablineError:
            # The next errand tries with new hands: what failed may be mended by then.
            self._hands = None
            raise
