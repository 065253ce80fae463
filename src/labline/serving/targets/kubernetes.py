"""Kubernetes: a Kustomize base, and an overlay for each stage of the policy.

References: Kubernetes API v1.31 (apps/v1, autoscaling/v2, policy/v1, networking.k8s.io/v1), Gateway
API v1 (HTTPRoute), Prometheus operator (ServiceMonitor), the Pod Security Standard "restricted".
"""

from __future__ import annotations

from typing import Any

from labline.serving.targets.target import PORT, Target, Workload, dns_label
from labline.serving.targets.text import as_yaml

Json = dict[str, Any]


class KubernetesTarget(Target):
    """Deployment, Service, autoscaling, disruption budget, network policy, route and monitor."""

    def files(self, workload: Workload) -> dict[str, str]:
        """Return ``base/*.yaml`` and ``overlays/STAGE/kustomization.yaml``."""
        base = _base(workload)
        made = {f"base/{name}.yaml": as_yaml(item) for name, item in base.items()}
        made["base/kustomization.yaml"] = as_yaml(
            _kustomization(resources=[f"{name}.yaml" for name in base])
        )
        for stage in workload.stages:
            last = stage == workload.stages[-1]
            made[f"overlays/{stage}/namespace.yaml"] = as_yaml(_namespace(workload, stage))
            made[f"overlays/{stage}/kustomization.yaml"] = as_yaml(_overlay(workload, stage, last))
        return made


def _base(workload: Workload) -> dict[str, Json]:
    name = workload.name
    items = {
        "service-account": _service_account(workload),
        **_track(workload, name, workload.image, scaled=True),
        "network-policy": _network_policy(workload),
        "route": _route(workload),
        "monitor": _monitor(workload),
    }
    if workload.canary_image:
        canary = _track(workload, f"{name}-canary", workload.canary_image, scaled=False)
        items |= {f"canary-{kind}": item for kind, item in canary.items()}
    return items


def _track(workload: Workload, name: str, image: str, *, scaled: bool) -> dict[str, Json]:
    """Return what runs one image; the candidate is not scaled, its share is small."""
    items = {"deployment": _deployment(workload, name, image), "service": _service(workload, name)}
    if scaled:
        items |= {"autoscaler": _autoscaler(name), "disruption-budget": _budget(name)}
    return items


def _object(kind: str, api: str, name: str, spec: Json, labels: Json | None = None) -> Json:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "labels": labels or _pods(name)},
        "spec": spec,
    }


def _pods(name: str) -> Json:
    return {"app.kubernetes.io/name": name}


def _labels(workload: Workload, name: str) -> Json:
    own = {"app.kubernetes.io/version": str(workload.version)} if name == workload.name else {}
    return _pods(name) | {
        "app.kubernetes.io/part-of": dns_label(workload.project),
        "app.kubernetes.io/component": "model",
        **own,
    }


def _service_account(workload: Workload) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": workload.name, "labels": _labels(workload, workload.name)},
        "automountServiceAccountToken": False,
    }


def _deployment(workload: Workload, name: str, image: str) -> Json:
    labels = _labels(workload, name)
    spec = {
        "selector": {"matchLabels": _pods(name)},
        # A new pod answers before an old one goes.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
        "template": {"metadata": {"labels": labels}, "spec": _pod(workload, name, image)},
    }
    return _object("Deployment", "apps/v1", name, spec, labels)


def _pod(workload: Workload, name: str, image: str) -> Json:
    return {
        "serviceAccountName": workload.name,
        "automountServiceAccountToken": False,
        # Drains for 30 s after routes have been taken away.
        "terminationGracePeriodSeconds": 45,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _pods(name)},
            }
        ],
        "containers": [_container(workload, image)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
    }


def _container(workload: Workload, image: str) -> Json:
    return {
        "name": "model",
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT}],
        "envFrom": [{"secretRef": {"name": f"{workload.name}-env", "optional": True}}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
        "startupProbe": _probe("/readyz", period=2, failures=60),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "livenessProbe": _probe("/livez", period=10, failures=3),
        # Requests still come for a moment after a pod is told to end.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def _probe(path: str, *, period: int, failures: int) -> Json:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _service(workload: Workload, name: str) -> Json:
    spec = {
        "selector": _pods(name),
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    return _object("Service", "v1", name, spec, _labels(workload, name))


def _autoscaler(name: str) -> Json:
    target = {"type": "Utilization", "averageUtilization": 70}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": 1,
        "maxReplicas": 10,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return _object("HorizontalPodAutoscaler", "autoscaling/v2", name, spec)


def _budget(name: str) -> Json:
    # Not minAvailable: with one pod that would keep its node from ever being drained.
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": _pods(name)}}
    return _object("PodDisruptionBudget", "policy/v1", name, spec)


def _network_policy(workload: Workload) -> Json:
    allowed = {"namespaceSelector": {"matchLabels": {"labline/gateway": "true"}}}
    monitors = {"namespaceSelector": {"matchLabels": {"labline/monitoring": "true"}}}
    names = [workload.name, *([f"{workload.name}-canary"] if workload.canary_image else [])]
    spec = {
        "podSelector": {
            "matchExpressions": [
                {"key": "app.kubernetes.io/name", "operator": "In", "values": names}
            ]
        },
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [allowed, monitors], "ports": [{"port": "http", "protocol": "TCP"}]}],
    }
    return _object("NetworkPolicy", "networking.k8s.io/v1", workload.name, spec)


def _route(workload: Workload) -> Json:
    name, share = workload.name, workload.canary_weight
    backends = [{"name": name, "port": 80, "weight": 100 - share}]
    if share:
        backends.append({"name": f"{name}-canary", "port": 80, "weight": share})
    path = {"type": "PathPrefix", "value": f"/{name}"}
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    spec = {
        "parentRefs": [{"name": "labline", "namespace": "labline-gateway"}],
        "rules": [
            {
                "matches": [{"path": path}],
                "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
                "backendRefs": backends,
            }
        ],
    }
    return _object("HTTPRoute", "gateway.networking.k8s.io/v1", name, spec)


def _monitor(workload: Workload) -> Json:
    spec = {
        "selector": {"matchLabels": {"app.kubernetes.io/component": "model"}},
        "endpoints": [{"port": "http", "path": "/metrics", "interval": "15s"}],
    }
    return _object("ServiceMonitor", "monitoring.coreos.com/v1", workload.name, spec)


def _namespace(workload: Workload, stage: str) -> Json:
    # Refuses pods that would not be as restricted as these.
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    name = _namespace_name(workload, stage)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforced}}


def _namespace_name(workload: Workload, stage: str) -> str:
    return dns_label(f"{workload.project}-{stage}", most=63)


def _overlay(workload: Workload, stage: str, last: bool) -> Json:
    # The last stage serves people: two pods, so that losing one loses nothing.
    pods = [{"op": "replace", "path": "/spec/minReplicas", "value": 2 if last else 1}]
    return _kustomization(
        namespace=_namespace_name(workload, stage),
        resources=["namespace.yaml", "../../base"],
        labels=[{"pairs": {"labline/stage": dns_label(stage)}}],
        patches=[{"target": {"kind": "HorizontalPodAutoscaler"}, "patch": as_yaml(pods)}],
    )


def _kustomization(**parts: Any) -> Json:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **parts}
