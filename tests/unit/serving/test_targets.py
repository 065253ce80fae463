"""Files for other systems, held against the schemas of those systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from labline.errors import BadInput, NotFound, Refused
from labline.serving import targets
from labline.serving.targets import Workload

#: kinds that come with Kubernetes itself; the others are custom resources
CUSTOM = {"HTTPRoute", "ServiceMonitor", "Kustomization"}


def workload(**changes: Any) -> Workload:
    facts: dict[str, Any] = {
        "project": "Bird watch",
        "model": "Palmer penguins",
        "version": 3,
        "image": "registry.example/penguins:3",
        "stages": ("staging", "prod"),
    }
    return Workload(**facts | changes)


CANARY = {"canary_image": "registry.example/penguins:4", "canary_weight": 10}


def made(**changes: Any) -> dict[str, Any]:
    files = targets.find("kubernetes").files(workload(**changes))
    return {name: yaml.safe_load(text) for name, text in files.items()}


def of_kind(kind: str, **changes: Any) -> dict[str, Any]:
    """Return the objects of a kind, by name."""
    found = [item for item in made(**changes).values() if item["kind"] == kind]
    return {item.get("metadata", {}).get("name", ""): item for item in found}


@pytest.mark.parametrize("changes", [{}, CANARY, {"model": "3", "stages": ("live",)}])
def test_every_object_fits_the_schema_of_kubernetes(changes: dict[str, Any]) -> None:
    core = [item for item in made(**changes).values() if item["kind"] not in CUSTOM]
    assert len(core) >= 7
    for item in core:
        kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("changes", [{}, CANARY])
def test_what_a_kustomization_refers_to_is_there_and_nothing_is_left_out(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    files = targets.find("kubernetes").files(workload(**changes))
    targets.write(files, tmp_path)
    referred: set[Path] = set()
    for path in tmp_path.rglob("kustomization.yaml"):
        for name in yaml.safe_load(path.read_text())["resources"]:
            target = (path.parent / name).resolve()
            referred.add(target / "kustomization.yaml" if target.is_dir() else target)
    assert all(path.is_file() for path in referred)
    overlays = {path.resolve() for path in tmp_path.glob("overlays/*/kustomization.yaml")}
    assert referred | overlays == {(tmp_path / name).resolve() for name in files}


def test_files_are_written_out_in_full_without_anchors() -> None:
    files = targets.find("kubernetes").files(workload(**CANARY))
    assert not [name for name, text in files.items() if "&id" in text or "*id" in text]


def test_each_stage_has_an_overlay_and_the_last_one_two_pods() -> None:
    files = made()
    for stage, pods in (("staging", 1), ("prod", 2)):
        overlay = files[f"overlays/{stage}/kustomization.yaml"]
        assert overlay["namespace"] == f"bird-watch-{stage}"
        assert files[f"overlays/{stage}/namespace.yaml"]["metadata"]["name"] == overlay["namespace"]
        (patch,) = overlay["patches"]
        (change,) = yaml.safe_load(patch["patch"])
        assert (change["path"], change["value"]) == ("/spec/minReplicas", pods)
    assert list(of_kind("HorizontalPodAutoscaler")) == ["palmer-penguins"]


def test_pods_run_as_nobody_and_write_nothing_but_tmp() -> None:
    for item in of_kind("Deployment", **CANARY).values():
        pod = item["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"] is True
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]


@pytest.mark.parametrize("changes", [{}, CANARY])
def test_selectors_find_the_pods_they_are_meant_for(changes: dict[str, Any]) -> None:
    pods = {
        name: item["spec"]["template"]["metadata"]["labels"]
        for name, item in of_kind("Deployment", **changes).items()
    }
    for name, service in of_kind("Service", **changes).items():
        selector = service["spec"]["selector"].items()
        assert [pod for pod, labels in pods.items() if selector <= labels.items()] == [name]
    (monitor,) = of_kind("ServiceMonitor", **changes).values()
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = of_kind("Service", **changes).values()
    assert all(wanted <= service["metadata"]["labels"].items() for service in services)
    (policy,) = of_kind("NetworkPolicy", **changes).values()
    (rule,) = policy["spec"]["podSelector"]["matchExpressions"]
    assert set(rule["values"]) == set(pods)


def test_a_canary_has_its_share_of_the_route_and_the_rest_goes_on() -> None:
    (route,) = of_kind("HTTPRoute", **CANARY).values()
    (rule,) = route["spec"]["rules"]
    shares = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
    assert shares == {"palmer-penguins": 90, "palmer-penguins-canary": 10}
    assert set(shares) == set(of_kind("Service", **CANARY))
    (alone,) = of_kind("HTTPRoute").values()
    assert [b["weight"] for b in alone["spec"]["rules"][0]["backendRefs"]] == [100]


@pytest.mark.parametrize("image", ["", "penguins", "penguins:latest", "a b:3", "host:5000/x", "x@"])
def test_an_image_that_is_not_fixed_is_refused(image: str) -> None:
    with pytest.raises(BadInput):
        workload(image=image or " ")


@pytest.mark.parametrize(
    "image", ["penguins:3", "host:5000/x:3", "x@sha256:0123", "host/x:3@sha256:01"]
)
def test_an_image_with_a_version_or_digest_is_taken(image: str) -> None:
    assert workload(image=image).image == image


@pytest.mark.parametrize("changes", [{"canary_image": "x:1"}, {"canary_weight": 5}])
def test_a_canary_needs_image_and_weight(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="both an image and a weight"):
        workload(**changes)


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        targets.find("kubernets")
    assert "kubernetes" in caught.value.fix


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "manifests"
    place.write_text("thesis")
    with pytest.raises(Refused, match="is a file"):
        targets.write({"a.yaml": "x"}, place)
    assert place.read_text() == "thesis"
