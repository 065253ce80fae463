"""Endpoints as a front end shows them, and a request to try one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labline.errors import LablineError
from labline.lab.agreement import Registry, compare
from labline.lab.shapes import EndpointDetail, EndpointRow, Prediction

if TYPE_CHECKING:
    from labline.deployment import EndpointStatus
    from labline.lab.service import Lab


#: releases that are told of an endpoint
_HISTORY = 20


@dataclass(frozen=True)
class EndpointViews:
    """What is shown of endpoints."""

    lab: Lab

    def rows(self) -> list[EndpointRow]:
        """Return every endpoint: what it should serve, and what it says it serves."""
        found = self.lab.endpoints.list()
        registry = Registries(self.lab)
        return [self._row(item, registry.of(item)) for item in found]

    def detail(self, name: str) -> EndpointDetail:
        """Return one endpoint.

        Raises
        ------
        NotFound
            There is none of this name.
        """
        found = self.lab.endpoints.get(name)
        row = self._row(found, Registries(self.lab).of(found))
        releases = self.lab.platform.releases.of(name)
        return EndpointDetail(
            endpoint=row,
            live=found.live,
            previous=found.previous,
            instances=found.instances,
            traffic=found.traffic,
            keys=tuple(self.lab.endpoints.list_keys(name)),
            releases=tuple(each.release for each in releases[:_HISTORY]),
            elsewhere=found.elsewhere,
            curl=_curl(row.url),
        )

    def attempt(self, name: str, rows: Sequence[Mapping[str, Any]] | None) -> Prediction:
        """Send rows, or the model's own input example, to an endpoint.

        Raises
        ------
        NotFound
            There is no such endpoint, or its model has no example.
        BadInput
            The service refused the rows.
        Unreachable
            It does not answer.
        """
        import orjson

        sent = list(rows) if rows is not None else self.lab.serving.example(name)
        began = time.monotonic()
        answer = self.lab.serving.predict(name, orjson.dumps({"rows": sent}))
        return Prediction(tuple(sent), answer, (time.monotonic() - began) * 1000)

    def _row(self, item: EndpointStatus, registry: Registry) -> EndpointRow:
        agreement = compare(item, registry)
        return EndpointRow(
            name=item.name,
            url=self.lab.serving.url(item.name),
            model=item.live.model if item.live else None,
            release=item.live.id if item.live else None,
            state=item.state,
            serving=item.serving,
            previous=item.previous.model if item.previous else None,
            stage=registry.stage,
            registry=registry.holder,
            agreement=str(agreement.word),
            says=agreement.says,
            fix=agreement.fix,
            instances=item.instances,
            traffic=item.traffic,
        )


class Registries:
    """What the registry says of several endpoints; it is asked whether it answers only once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def of(self, endpoint: EndpointStatus) -> Registry:
        """Return what it says of the stage that an endpoint follows."""
        if endpoint.live is None:
            return Registry(endpoint.stage)
        model = endpoint.live.model.partition("/")[0]
        stage = self._lab.rules.stage_of(endpoint.name, model) or endpoint.stage
        if stage is None or not self._answers:
            return Registry(stage, answers=stage is None)
        version = self._lab.tracking.registry.holders(model).get(stage)
        return Registry(stage, f"{model}/{version}" if version else None)

    @cached_property
    def _answers(self) -> bool:
        try:
            self._lab.tracking.knock()
        except LablineError:
            return False
        return True


def _curl(url: str) -> str:
    return (
        f"curl {url}/predict -H 'Authorization: Bearer KEY' "
        "-H 'Content-Type: application/json' -d '{\"rows\": [{...}]}'"
    )
