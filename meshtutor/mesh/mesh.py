"""`Mesh`, what `mt.connect()` returns: the verbs of a lesson. Each returns when what it says is true."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Final

from meshtutor.config import study
from meshtutor.display.progress import Progress
from meshtutor.display.tables import Objects
from meshtutor.errors import MeshtutorError, NotReadyError
from meshtutor.kube import kinds, manifests, naming
from meshtutor.kube.client import KubeClient
from meshtutor.kube.manifests import Source
from meshtutor.kube.official import Official
from meshtutor.mesh import (
    analyzing,
    applying,
    disturbing,
    explaining,
    finding,
    resetting,
    steering,
    waiting,
)
from meshtutor.mesh.analyzing import Analysis
from meshtutor.mesh.changes import Applied, ApplyError, Change, workloads_of
from meshtutor.mesh.conditions import Conditions, conditions_of
from meshtutor.mesh.explanation import Explanation
from meshtutor.mesh.happenings import Happenings
from meshtutor.mesh.looking import Looking
from meshtutor.mesh.provenance import Provenance
from meshtutor.mesh.sending import CLIENT, Doors
from meshtutor.mesh.standing import Standing
from meshtutor.providers.base import Distribution, MeshInfo, Provider
from meshtutor.telemetry.ejections import states_of
from meshtutor.telemetry.jaeger import Jaeger, through
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.traffic.load import Load
from meshtutor.traffic.outcome import Request
from meshtutor.traffic.report import Report
from meshtutor.xray import Call

_CLUSTERS: Final = "/clusters?format=json"


class Mesh(Looking):
    """A running mesh, seen from the learner's namespace.

    `gateway` is the URL of the ingress gateway, `prometheus` its metrics, `traces` its traces, `kube` the
    official Kubernetes client, `api` the small one that the other verbs use, `provenance` the files that objects came
    from, `happenings` what was applied when, `panels` what stands in for add-ons that are not installed.
    """

    def __init__(self, provider: Provider, namespace: str | None = None) -> None:
        self.provider = provider
        self.api = KubeClient.from_kubeconfig(provider.kubeconfig, provider.context)
        self.kube = Official(provider.kubeconfig, provider.context)
        self.namespace = namespace or self.api.endpoint.namespace
        self.prometheus = Prometheus(self.api)
        self.traces = Jaeger(through(self.api), settle=provider.report_seconds)
        self.provenance = Provenance(self.namespace)
        self.happenings = Happenings()
        self.panels: dict[str, Callable[[], Any]] = {}
        self._load: Load | None = None
        self._standing = Standing()

    # --- the mesh itself

    @cached_property
    def gateway(self) -> str:
        """The URL at which the ingress gateway is reached from this machine, without a trailing slash."""
        return self.info().gateway.rstrip("/")

    @cached_property
    def gateway_tls(self) -> str:
        """The URL of the ingress gateway's port for https, 443 of its Service; MeshtutorError where it is not known."""
        if url := self.info().gateway_tls:
            return url
        raise MeshtutorError(
            "Where this mesh's gateway is reached by https is not known.",
            "kubectl -n istio-system port-forward service/istio-ingressgateway 8443:443, then https://localhost:8443",
        )

    def info(self) -> MeshInfo:
        """Where the mesh is reached, and its pods now."""
        return self.provider.info()

    def reset(
        self, *, injection: bool = True, gateway: bool = True, also: Source = (), timeout: float = 60.0
    ) -> resetting.Restored:
        """Back to the study's initial state; returns when pods and proxies have it.

        `injection=False` leaves the application without sidecars, `gateway=False` without a way in. `also` are objects
        that are to be there as well, in place of the study's where they have the same name.
        """
        started = time.monotonic()
        self.close()
        folders = ("bookinfo", "gateway") if gateway else ("bookinfo",)
        desired = manifests.load([study() / "manifests" / folder for folder in folders])
        desired = desired.overlaid(manifests.load(also)) if also else desired
        with Progress("Resetting") as progress:
            labels = self.provider.injection if injection else {}
            done = resetting.restore(
                self.api, self.namespace, desired, injection=labels, standing=self._standing
            )
            self.provenance.remember_files(desired)
            self.happenings.remember(done.changes)
            waiting.wait_ready(self.api, self.namespace, timeout=timeout, on_progress=progress)
            waiting.wait_gone(self.api, done.namespaces, timeout=timeout, on_progress=progress)
            done.faults += resetting.clear_faults(self.api, self._own_pods()) if done.restarted else []
            done.note = self._settle(timeout)
        done.seconds = time.monotonic() - started
        return done

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until every Deployment of the namespace is rolled out, proxies included; NotReadyError."""
        with Progress("Waiting") as progress:
            waiting.wait_ready(self.api, self.namespace, timeout=timeout, on_progress=progress)
            self._settle(timeout)

    # --- objects

    def apply(self, source: Source, timeout: float = 30.0) -> Applied:
        """Create or change objects, and wait until every proxy concerned has answered.

        `source` is a path (file or folder), YAML text, an object or a list of them. Deployments and Pods among
        them are waited for as well. ManifestError if it cannot be read; ApplyError if an object is refused (it
        says what became of the others).
        """
        started = time.monotonic()
        changes = applying.apply_all(self.api, manifests.load(source), self.namespace)
        for namespace, names in workloads_of(changes).items():
            with Progress("Rolling out") as progress:
                waiting.wait_ready(self.api, namespace, names, timeout=timeout, on_progress=progress)
        return self._finished(changes, started, timeout)

    def delete(self, source: Source | str, name: str | None = None, timeout: float = 30.0) -> Applied:
        """Delete objects (given as for `apply`, or as kind and name), and wait until the proxies know."""
        started = time.monotonic()
        doomed = manifests.load(finding.named(str(source), name) if name else source)
        changes = applying.delete_all(self.api, doomed, self.namespace)
        if any(change.object["kind"] == "Deployment" for change in changes):
            waiting.wait_ready(self.api, self.namespace, timeout=timeout)
        return self._finished(changes, started, timeout)

    def get(self, kind: str, name: str | None = None, namespace: str | None = None) -> Any:
        """An object as a dict, or without a name all of its kind: `mesh.get("vs", "reviews")`."""
        found = finding.kind_called(kind)
        place = (namespace or self.namespace) if found.namespaced else ""
        if name:
            return self.api.get(found, name, place)
        return Objects(
            self.api.list(found, place), finding.NAME_ONLY, f"no {found.plural} in {place or 'the cluster'}"
        )

    def own_name(self, name: str) -> str:
        """What the study calls `name` (`outside`, `partner`, `marketing`, `front`), as it is called for this learner.

        The same in the namespace `default`; elsewhere it begins with the learner's namespace, for a class shares them.
        """
        return naming.own_name(name, self.namespace)

    def conditions(
        self, kind: str, name: str, namespace: str | None = None, timeout: float = 2.0
    ) -> Conditions:
        """What the control plane says of a Gateway or a route of the Gateway API; waits until it has looked at it."""
        return conditions_of(self.api, kind, name, namespace or self.namespace, timeout)

    def pods(self, labels: str = "", namespace: str | None = None) -> Objects:
        """The pods as kubectl shows them; `labels` is a selector such as `app=reviews`."""
        place = namespace or self.namespace
        return Objects(self.api.list(kinds.POD, place, labels), finding.POD_COLUMNS, f"no pods in {place}")

    def pod(self, name: str | None = None) -> dict[str, Any]:
        """A pod by its name, its app's, or the beginning of its name, as for `send`; by default the client."""
        return self._doors.find_pod(name or CLIENT)

    def services(self, namespace: str | None = None) -> Objects:
        """The Services."""
        place = namespace or self.namespace
        return Objects(
            self.api.list(kinds.SERVICE, place), finding.SERVICE_COLUMNS, f"no services in {place}"
        )

    def logs(self, pod: str, container: str = "", tail: int | None = 50, *, previous: bool = False) -> str:
        """The last lines that a pod's container printed; `pod` may be an app's name, as for `send`."""
        found = self.pod(pod)
        chosen = container or finding.app_container(found)
        meta = found["metadata"]
        return self.api.logs(meta["name"], meta["namespace"], chosen, tail, previous=previous)

    def label(self, kind: str, name: str, labels: Mapping[str, str | None]) -> None:
        """Set labels of an object, as `kubectl label --overwrite` does; None takes a label away."""
        found = finding.kind_called(kind)
        steering.label(self.api, found, name, self.namespace if found.namespaced else "", labels)

    def scale(self, deployment: str, replicas: int, timeout: float = 60.0) -> None:
        """Have so many pods of a Deployment, and wait until they are ready or gone, as `kubectl scale` does."""
        steering.scale(self.api, self.namespace, deployment, replicas)
        self.wait_ready(timeout)

    def restart(self, deployment: str | None = None, timeout: float = 60.0) -> None:
        """Replace the pods of a Deployment (or of all) one after the other, and wait until the new ones are ready.

        It is `kubectl rollout restart deployment NAME`.
        """
        steering.restart(self.api, self.namespace, deployment)
        self.wait_ready(timeout)

    def disturb(self, pod: str, **switches: Any) -> None:
        """Let one instance of the study's application misbehave; without switches it is well again.

        `delay_ms` before each answer, `status` in place of it, `hang` for none at all; `share` (0..1) of the requests.
        `pod` as for `send`: "reviews-v2" is the first pod whose name begins so. No rule of Istio's is involved.
        """
        disturbing.disturb(self.api, self.pod(pod), switches)

    # --- traffic

    def send(
        self,
        target: str,
        n: int = 100,
        *,
        headers: Mapping[str, str] | None = None,
        from_pod: str | None = None,
        concurrency: int = 8,
        rate: float | None = None,
        method: str = "GET",
        timeout: float = 10.0,
        path: str | None = None,
        body: Any = None,
    ) -> Report:
        """Send `n` requests and count what comes back.

        `target` is a Service (`"reviews"`, from the client pod unless `from_pod` names another) or a URL; one
        of the gateway's (`mesh.gateway + "/productpage"`) is sent from outside the mesh. `rate` in requests
        per second, `timeout` in seconds per request.
        """
        url = self._doors.url(target, path)
        sender, origin = self._doors.open(url, from_pod)
        request = Request(url, method, dict(headers or {}), body, timeout)
        started = time.perf_counter()
        with Progress(f"Sending to {url}") as progress:
            outcomes = sender.send(
                request, n, concurrency=concurrency, rate=rate, on_done=lambda done: progress(done, n)
            )
        return Report(url, tuple(outcomes), origin, time.perf_counter() - started)

    def load(self, target: str, rate: float = 20.0, seconds: float = 60.0, **kwargs: Any) -> Load:
        """Requests in the background for at most `seconds`; a second load takes the place of the first.

        `kwargs` are `headers`, `method`, `timeout`, `body`, `path` and `from_pod`, as for `send`.
        """
        load = self.make_load(target, rate, **kwargs)
        load.run(seconds)
        return load

    def make_load(
        self, target: str, rate: float, *, path: str | None = None, from_pod: str | None = None, **kwargs: Any
    ) -> Load:
        """A background load that does not run yet."""
        self._stop_load()
        url = self._doors.url(target, path)
        sender, _ = self._doors.open(url, from_pod)
        self._load = Load(sender, Request(url, **kwargs), rate, sender.batch(rate))
        return self._load

    def explain(
        self,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        from_pod: str | None = None,
        path: str | None = None,
    ) -> Explanation:
        """Why a request goes where it goes, by the configuration that the sender's own Envoy has now.

        `target` as for `send`; `from_pod` names the sender (default: the client pod; for a URL of the gateway, or
        with a gateway's URL as `from_pod`, the gateway). No request is sent.
        """
        url = self._doors.url(target, path)
        outside = self._doors.is_outside(from_pod if from_pod and "://" in from_pod else url)
        at_gateway = outside and (from_pod is None or "://" in from_pod)
        pod = (
            explaining.gateway_pod(self.api, self.provider.gateway_place)
            if at_gateway
            else self.pod(from_pod)
        )
        call = Call.to(url, method=method, headers=dict(headers or {}))
        return explaining.explain(self.provider, self.api, self.provenance, pod, call)

    def pod_states(self, service: str, from_pod: str | None = None) -> dict[str, str]:
        """By pod of a service: `in`, `ejected` or `unhealthy`, as the sender's own Envoy has it now."""
        page = self.provider.envoy_admin(self.pod(from_pod), _CLUSTERS)
        names = {pod.get("status", {}).get("podIP", ""): pod["metadata"]["name"] for pod in self._own_pods()}
        return states_of(page, f"{service}.{self.namespace}.svc.cluster.local", names)

    def analyze(self, *sources: Source) -> Analysis:
        """What is wrong or suspicious in the rules: those of the mesh, or given ones as if they were applied to it.

        The checks and codes are those of `istioctl analyze`, with the file and line where they are known.
        """
        return analyzing.analyze(
            self.api, self.provenance, self.namespace, sources, (self.provider.gateway_place.namespace,)
        )

    # --- the end

    def close(self) -> None:
        """End the background load and give the connections back; the lab itself goes on."""
        self._stop_load()
        if "_doors" in self.__dict__:
            self._doors.close()

    def __enter__(self) -> Mesh:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Mesh {self.provider.context}, namespace {self.namespace}, gateway {self.gateway}"

    @cached_property
    def _doors(self) -> Doors:
        return Doors(self.api, self.provider, self.namespace, self.gateway)

    def _own_pods(self) -> list[dict[str, Any]]:
        return self.api.list(kinds.POD, self.namespace)

    def _stop_load(self) -> None:
        if self._load:
            self._load.close()
            self._load = None

    def _settle(self, timeout: float) -> str:
        """Wait until the proxies have everything that is in the store now; NotReadyError names those that have not.

        Where the provider cannot learn it, there is nothing to wait for; its `note` says why.
        """
        distribution = self._wait_for_proxies(timeout)
        if not distribution.complete and not distribution.note:
            late = (
                ", ".join(p.proxy for p in distribution.proxies if p.state == "PENDING")
                or "the control plane"
            )
            raise NotReadyError(
                f"No acknowledgement from {late} after {timeout:g} s.", "meshtutor status; mesh.pods()"
            )
        return distribution.note

    def _wait_for_proxies(self, timeout: float, revision: str = "") -> Distribution:
        return self.provider.wait_until_distributed(revision or self.api.revision(), timeout)

    def _finished(self, changes: list[Change], started: float, timeout: float) -> Applied:
        self.provenance.remember(changes)
        self.happenings.remember(changes)
        newest = max((change.resource_version for change in changes), default=0)
        gone = any(change.action == "deleted" for change in changes)
        unknown = Distribution("0", complete=True)
        done = any(change.action != "refused" for change in changes)
        distribution = (
            self._wait_for_proxies(timeout, "" if gone or not newest else str(newest)) if done else unknown
        )
        applied = Applied(tuple(changes), distribution, time.monotonic() - started)
        if applied.refused:
            raise ApplyError(applied)
        return applied
