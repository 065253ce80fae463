"""What live releases and their shadows answered lately, read from both and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labline.deployment import web
from labline.deployment.comparing import TOLERANCE, Captured, Comparison, compare
from labline.deployment.envoy import CAPTURE_TOKEN
from labline.deployment.keys import SigningKey
from labline.deployment.releases import Releases, Stored
from labline.errors import NotFound
from labline.settings import Settings

_HOST = "127.0.0.1"
_PATIENCE = 10.0
#: variable of a release with the token that /captured asks for
VARIABLE = "LABLINE_CAPTURE_TOKEN"


class Shadows:
    """The answers that releases keep while requests are mirrored."""

    def __init__(self, settings: Settings, releases: Releases) -> None:
        self._settings = settings
        self._releases = releases

    def compare(self, endpoint: str, tolerance: float = TOLERANCE) -> Comparison:
        """Return how the candidate on an endpoint answers what the live release answers.

        Both keep a sample of the latest requests, the same ones, in memory: at most 512 each.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial there.
        """
        self._releases.require(endpoint)
        live, candidate = self._releases.live(endpoint), self._releases.candidate(endpoint)
        if live is None or candidate is None:
            raise NotFound(
                f"No release is on trial on {endpoint!r}, so there is nothing to compare.",
                fix="Begin: labline deploy MODEL@STAGE --shadow",
            )
        about = Comparison(endpoint, live.release.model, candidate.release.model, tolerance)
        # What is asked about in between is missing on one side, not different.
        return compare(about, self._read(live), self._read(candidate))

    def _read(self, stored: Stored) -> Iterable[Captured]:
        token = {CAPTURE_TOKEN: SigningKey.of(self._settings).secret(VARIABLE)}
        for port in stored.release.ports:
            answer = web.get((_HOST, port), "/captured", headers=token, timeout=_PATIENCE)
            if answer is not None and answer.status == 200:
                yield from _captured(answer)


def _captured(answer: web.Answer) -> Iterator[Captured]:
    for each in answer.json() or ():
        yield Captured(each["id"], each["status"], each["request"], each["answer"])
