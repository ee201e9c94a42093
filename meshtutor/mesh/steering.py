"""Three of kubectl's verbs that lessons use: `label`, `scale`, and `rollout restart`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from meshtutor.errors import MeshtutorError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def label(
    kube: KubeClient, kind: Kind, name: str, namespace: str, labels: Mapping[str, str | None]
) -> dict[str, Any]:
    """Set labels, as `kubectl label --overwrite` does; None takes a label away. The object afterwards."""
    return kube.merge(kind, name, namespace, {"metadata": {"labels": dict(labels)}})


def scale(kube: KubeClient, namespace: str, name: str, replicas: int) -> None:
    """How many pods a Deployment shall have, as `kubectl scale` does; MeshtutorError for less than 0."""
    if replicas < 0:
        raise MeshtutorError(f"{replicas} is no number of pods.", "Expected 0 or more")
    kube.merge(kinds.DEPLOYMENT, name, namespace, {"spec": {"replicas": replicas}})


def restart(kube: KubeClient, namespace: str, name: str | None) -> list[str]:
    """Replace the pods of a Deployment, or of all of them, as `kubectl rollout restart` does; the names.

    It changes an annotation of the pod template, which makes a new revision (kubectl, objectrestarter.go). kubectl
    writes whole seconds and refuses a second restart within one; finer times make each a revision of its own.
    """
    names = [name] if name else [d["metadata"]["name"] for d in kube.list(kinds.DEPLOYMENT, namespace)]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now}}}}}
    for deployment in names:
        kube.merge(kinds.DEPLOYMENT, deployment, namespace, patch)
    return names
