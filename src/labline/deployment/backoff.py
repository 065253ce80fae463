"""How long to wait before a process that ended is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: seconds after which a process counts as well
STEADY = 30.0
_LONGEST = 30.0
_LOOP = 3


@dataclass(frozen=True)
class Restarts:
    """What is known of one watched process's life."""

    #: times it ended
    ends: int = 0
    #: times it was started again
    count: int = 0
    #: times in a row that it ended before it was :data:`STEADY`
    failures: int = 0

    def ended(self, lived: float) -> Restarts:
        """Return what is known after the process ended `lived` seconds after its start."""
        failures = 0 if lived >= STEADY else self.failures + 1
        return replace(self, ends=self.ends + 1, failures=failures)

    def started(self) -> Restarts:
        """Return what is known after it was started again."""
        return replace(self, count=self.count + 1)

    @property
    def pause(self) -> float:
        """Seconds until the next start: none after a long life, else 1, 2, 4 ... 30."""
        return float(min(_LONGEST, 2.0 ** (self.failures - 1))) if self.failures else 0.0

    @property
    def looping(self) -> bool:
        """Whether it is in a crash loop."""
        return self.failures >= _LOOP
