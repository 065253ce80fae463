"""The collector configurations in the docs: whole, and of one piece with what labline sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from labline.serving.targets import compose

FOLDER = Path(__file__).parents[2] / "docs" / "collector"
FILES = sorted(FOLDER.glob("*.yaml"))
KINDS = ("receivers", "processors", "exporters", "connectors")
#: components of the contrib distribution, by kind
KNOWN = {
    "receivers": {"otlp", "prometheus"},
    "processors": {"memory_limiter", "batch", "cumulativetodelta"},
    "exporters": {"datadog", "otlphttp", "debug"},
    "connectors": {"datadog"},
}


#: options that the components' own documentation names, as far as they are used here
OPTIONS = {
    ("receivers", "otlp"): {"protocols.http.endpoint"},
    ("receivers", "prometheus"): {"config.scrape_configs"},
    ("processors", "memory_limiter"): {"check_interval", "limit_mib"},
    ("processors", "batch"): {"timeout"},
    ("processors", "cumulativetodelta"): set(),
    ("connectors", "datadog"): set(),
    ("exporters", "datadog"): {"api.key", "api.site"},
    ("exporters", "otlphttp"): {"endpoint", "compression", "headers"},
    ("exporters", "debug"): {"verbosity"},
}
#: options whose names are the user's
OPEN = {"headers"}
_IMAGE = "otel/opentelemetry-collector-contrib"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def test_there_is_one_for_each_system() -> None:
    assert [path.stem for path in FILES] == ["datadog", "newrelic", "prometheus"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_signal_has_a_pipeline_of_components_that_are_there(path: Path) -> None:
    config = read(path)
    assert set(config) <= {*KINDS, "service"}
    pipelines = config["service"]["pipelines"]
    assert set(pipelines) == {"traces", "metrics", "logs"}
    used: set[str] = set()
    for pipeline in pipelines.values():
        for kind in ("receivers", "processors", "exporters"):
            named = pipeline.get(kind, [])
            known = {*config.get(kind, {}), *config.get("connectors", {})}
            assert set(named) <= known, (kind, named)
            used |= set(named)
        assert "otlp" in pipeline["receivers"]
    assert used == {name for kind in KINDS for name in config.get(kind, {})}, "none is idle"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_component_is_one_that_the_collector_has(path: Path) -> None:
    config = read(path)
    for kind in KINDS:
        assert {name.split("/")[0] for name in config.get(kind, {})} <= KNOWN[kind]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_listens_where_labline_sends_and_holds_no_secret(path: Path) -> None:
    config = read(path)
    assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    text = path.read_text(encoding="utf-8")
    secrets = re.findall(r"^\s*(?:key|api-key|credentials): (.*)$", text, re.MULTILINE)
    assert all(value.startswith("${env:") for value in secrets)
    assert secrets or path.stem == "prometheus"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_memory_is_limited_first_and_batches_are_made_last(path: Path) -> None:
    for pipeline in read(path)["service"]["pipelines"].values():
        steps = pipeline.get("processors", [])
        assert not steps or (steps[0], steps[-1]) == ("memory_limiter", "batch")


def test_the_images_are_of_the_version_that_compose_files_name() -> None:
    named = [line for path in FILES for line in path.read_text().splitlines() if _IMAGE in line]
    assert len(named) == 2
    assert all(line.endswith(compose.COLLECTOR) for line in named)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_option_is_one_that_its_component_has(path: Path) -> None:
    """A collector does not start with an option that it does not know."""
    config = read(path)
    for kind in KINDS:
        for name, options in config.get(kind, {}).items():
            known = OPTIONS[kind, name.split("/")[0]]
            assert set(_paths(options or {})) <= known, (kind, name)


def _paths(options: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in options.items():
        inner = isinstance(value, dict) and value and f"{above}{name}" not in OPEN
        if inner:
            yield from _paths(value, f"{above}{name}.")
        else:
            yield above + name
