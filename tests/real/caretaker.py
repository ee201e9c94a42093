"""What controllers and kubelets would do, as far as these tests need it: workloads become ready, namespaces end."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from meshtutor.errors import MeshtutorError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient

_POLL_SECONDS = 0.1
_INSIDE = (*kinds.WORKLOADS, *kinds.RULES)


class Caretaker:
    """A thread that looks after one API server; `broken` are Deployments that never become ready, with the reason."""

    def __init__(self, kube: KubeClient) -> None:
        self._kube = kube
        self._stop = threading.Event()
        self.broken: dict[str, tuple[str, str]] = {}
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Caretaker:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _work(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            with suppress(MeshtutorError):
                for deployment in self._kube.list(kinds.DEPLOYMENT):
                    with suppress(MeshtutorError):
                        self._roll_out(deployment)
                for namespace in self._kube.list(kinds.NAMESPACE):
                    if namespace["metadata"].get("deletionTimestamp"):
                        self._finish(namespace)

    def _roll_out(self, deployment: dict[str, Any]) -> None:
        meta, wanted = deployment["metadata"], deployment["spec"].get("replicas", 1)
        ready = meta["name"] not in self.broken
        status = {"observedGeneration": meta["generation"], "replicas": wanted, "updatedReplicas": wanted,
                  "availableReplicas": wanted if ready else 0, "readyReplicas": wanted if ready else 0}  # fmt: skip
        if ready:  # what `kubectl rollout status` and istioctl look at
            status["conditions"] = [{"type": "Available", "status": "True"}]
        if any(
            deployment.get("status", {}).get(key) != value
            for key, value in status.items()
            if key != "conditions"
        ):
            self._put_status(kinds.DEPLOYMENT, {**deployment, "status": status})
            owner = self._make_replica_set(deployment, status["readyReplicas"])
            self._make_pod(deployment, owner, ready)

    def _make_replica_set(self, deployment: dict[str, Any], ready: int) -> dict[str, Any]:
        """What `istioctl install` waits for."""
        meta, spec = deployment["metadata"], deployment["spec"]
        owner = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
        }
        found = self._kube.apply({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-5d4c", "namespace": meta["namespace"], "ownerReferences": [owner],
                "labels": spec["template"]["metadata"]["labels"],
            },
            "spec": {"replicas": spec.get("replicas", 1), "selector": spec["selector"], "template": spec["template"]},
        }).object  # fmt: skip
        status = {"replicas": ready, "readyReplicas": ready, "availableReplicas": ready,
                  "observedGeneration": found["metadata"]["generation"]}  # fmt: skip
        self._put_status(kinds.REPLICA_SET, {**found, "status": status})
        return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": found["metadata"]["name"],
                "uid": found["metadata"]["uid"], "controller": True}  # fmt: skip

    def _make_pod(self, deployment: dict[str, Any], owner: dict[str, Any], ready: bool) -> None:
        meta, template = deployment["metadata"], deployment["spec"]["template"]
        container = {
            key: value for key, value in template["spec"]["containers"][0].items() if key in ("name", "image")
        }
        about = {
            "name": f"{meta['name']}-5d4c-x",
            "namespace": meta["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": {"sidecar.istio.io/inject": "true"},  # nobody injects here, and nobody is to mind
            "ownerReferences": [owner],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": {"containers": [container]}}
        waiting = dict(zip(("reason", "message"), self.broken.get(meta["name"], ("", "")), strict=True))
        state = {"running": {}} if ready else {"waiting": waiting}
        said = {
            "name": container["name"],
            "ready": ready,
            "restartCount": 0,
            "image": "x",
            "imageID": "x",
            "state": state,
        }
        status = {
            "phase": "Running", "podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}], "containerStatuses": [said],
            "conditions": [{"type": "Ready", "status": str(ready)}],
        }  # fmt: skip
        self._put_status(kinds.POD, {**self._kube.apply(pod).object, "status": status})

    def _put_status(self, kind: kinds.Kind, obj: dict[str, Any]) -> None:
        meta = obj["metadata"]
        self._kube.request("PUT", kind.path(meta["name"], meta["namespace"], "status"),
                           body={"apiVersion": kind.api_version, "kind": kind.kind, **obj})  # fmt: skip

    def _finish(self, namespace: dict[str, Any]) -> None:
        name = namespace["metadata"]["name"]
        for kind in _INSIDE:
            with suppress(MeshtutorError):
                self._kube.request("DELETE", kind.path(namespace=name), params={"gracePeriodSeconds": 0})
        body = {**namespace, "apiVersion": "v1", "kind": "Namespace", "spec": {"finalizers": []}}
        with suppress(MeshtutorError):
            self._kube.request("PUT", kinds.NAMESPACE.path(name, subresource="finalize"), body=body)
