"""Models as a front end shows them: versions, stages, and the registry beside what is served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.lab.shapes import ModelDetail, ModelRow, Served, VersionRow
from labline.records import ModelVersion

if TYPE_CHECKING:
    from labline.deployment import EndpointStatus
    from labline.lab.service import Lab


@dataclass(frozen=True)
class ModelViews:
    """What is shown of registered models."""

    lab: Lab

    def rows(self) -> list[ModelRow]:
        """Return every model: newest version, stages, and whether what is served is that."""
        registry, served = self.lab.tracking.registry, self._served()
        return [
            _row(name, registry.versions(name), served.get(name, ())) for name in registry.models()
        ]

    def detail(self, name: str) -> ModelDetail:
        """Return one model.

        Raises
        ------
        NotFound
            There is none of this name.
        """
        versions = self.lab.tracking.registry.versions(name)
        row = _row(name, versions, self._served().get(name, ()))
        runs = {run.id: run for run in self.lab.tracking.runs_of(v.run_id for v in versions)}
        told = self._told(name)
        ruled = self.lab.rules.stages
        known = [*ruled, *(set(row.stages) - set(ruled))]
        return ModelDetail(
            name=name,
            versions=tuple(
                VersionRow(
                    item,
                    runs[item.run_id].metrics if item.run_id in runs else {},
                    runs[item.run_id].name if item.run_id in runs else "",
                    tuple(told.get(item.version, ())),
                )
                for item in versions
            ),
            stages={stage: row.stages.get(stage) for stage in known},
            served=row.served,
            agrees=row.agrees,
        )

    def _told(self, name: str) -> Mapping[int, Sequence[str]]:
        """Return in words what was asked of each version, the newest first."""
        found: dict[int, list[str]] = defaultdict(list)
        for promotion in self.lab.promotions.newest(model=name):
            if promotion.version is not None:
                words = f"{promotion.stage}: {promotion.state} (asked by {promotion.actor})"
                found[promotion.version].append(words)
        return found

    def _served(self) -> Mapping[str, Sequence[EndpointStatus]]:
        found: dict[str, list[EndpointStatus]] = defaultdict(list)
        for endpoint in self.lab.endpoints.list():
            if endpoint.live:
                found[endpoint.live.model.partition("/")[0]].append(endpoint)
        return found


def _row(
    name: str, versions: Sequence[ModelVersion], endpoints: Iterable[EndpointStatus]
) -> ModelRow:
    stages = {stage: item.version for item in versions for stage in item.stages}
    served = tuple(_served(endpoint, stages) for endpoint in endpoints)
    newest = versions[0] if versions else None
    return ModelRow(
        name=name,
        latest=newest.version if newest else None,
        created=newest.created if newest else None,
        stages=stages,
        served=served,
        agrees=all(item.agrees for item in served) if served else None,
    )


def _served(endpoint: EndpointStatus, stages: Mapping[str, int]) -> Served:
    assert endpoint.live is not None
    recorded = int(endpoint.live.model.partition("/")[2])
    return Served(
        endpoint=endpoint.name,
        recorded=recorded,
        serving=endpoint.serving,
        state=endpoint.state,
        agrees=endpoint.serving == endpoint.live.model,
        stages=tuple(stage for stage, version in stages.items() if version == recorded),
    )
