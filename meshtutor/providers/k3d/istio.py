"""The study's steps 4 and 5: Istio by istioctl, and the namespace's injection label."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from meshtutor.files import write_private
from meshtutor.kube import rollouts
from meshtutor.kube.kinds import DEPLOYMENT, NAMESPACE
from meshtutor.providers.k3d.kubectl import Kubectl
from meshtutor.providers.k3d.options import NODE_PORT, K3dOptions
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Command, Tools, command

SYSTEM: Final = "istio-system"
_STEP: Final = "istio"
_READY_SECONDS: Final = 600
_SMALL: Final = {"requests": {"cpu": "10m", "memory": "64Mi"}}


def overlay(profile: str) -> dict[str, Any]:
    """An IstioOperator for a learner's machine, on top of an installation profile.

    NodePort instead of LoadBalancer: k3s' own Traefik already has ports 80 and 443 of every node, and the study's
    way in is NodePort 30000. Requests are small, since Istio's default asks for 2 GiB for istiod alone. Traces go to
    the Jaeger add-on (OTLP, port 4317), every request of them; access logs are on. The sidecar is a container like
    the app, as in the lessons, not an init container that stays (which newer versions of Istio make it by themselves).
    Source: https://istio.io/latest/docs/reference/config/istio.operator.v1alpha1/
    """
    ports = [
        {"name": "status-port", "port": 15021, "targetPort": 15021},
        {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": NODE_PORT},
        {"name": "https", "port": 443, "targetPort": 8443},
    ]
    gateway = {"service": {"type": "NodePort", "ports": ports}, "resources": _SMALL}
    jaeger = {"service": f"jaeger-collector.{SYSTEM}.svc.cluster.local", "port": 4317}
    spec = {
        "profile": profile,
        "components": {
            "ingressGateways": [{"name": "istio-ingressgateway", "enabled": True, "k8s": gateway}]
        },
        "meshConfig": {
            "accessLogFile": "/dev/stdout",
            # As in the embedded mesh: a rule on failing pods shall not keep requests in one region.
            "localityLbSetting": {"enabled": False},
            "enableTracing": True,
            "defaultProviders": {"tracing": ["jaeger"]},
            "extensionProviders": [{"name": "jaeger", "opentelemetry": jaeger}],
            # The sidecar answers for names that no DNS server knows, but a ServiceEntry does.
            "defaultConfig": {"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}},
        },
        "values": {
            "pilot": {
                "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
                "traceSampling": 100.0,
                "env": {"ENABLE_NATIVE_SIDECARS": "false"},
            },
            "global": {"proxy": {"resources": _SMALL}},
        },
    }
    return {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": {"name": "meshtutor", "namespace": SYSTEM},
        "spec": spec,
    }


class IstioIsInstalled:
    """`istioctl install` with a shown profile; the gateway's NodePort makes localhost answer."""

    def __init__(self, tools: Tools, kubectl: Kubectl, options: K3dOptions, record: Record) -> None:
        self._tools, self._kubectl, self._options, self._record = tools, kubectl, options, record
        self._file: Path = record.directory / "istio.yaml"
        self.name = f"Istio, profile {options.profile}"

    def commands(self) -> Sequence[Command]:
        """The profile, and what differs from it, in a file to read; then the installation."""
        return [command("tee", str(self._file), stdin=self._yaml, typed=self._typed), self._install]

    def is_done(self) -> bool:
        """Whether istiod and the gateway are rolled out, from this very profile, and the gateway has the NodePort."""
        if self._record.done.get(_STEP) != self._yaml:
            return False
        found = {d["metadata"]["name"]: d for d in self._kubectl.list(DEPLOYMENT, SYSTEM)}
        wanted = [found.get(name) for name in ("istiod", "istio-ingressgateway")]
        if any(d is None or rollouts.unfinished(d) for d in wanted):
            return False
        service = self._kubectl.get("service", "istio-ingressgateway", "-n", SYSTEM) or {}
        return any(port.get("nodePort") == NODE_PORT for port in service.get("spec", {}).get("ports", ()))

    def run(self) -> None:
        """Write the overlay down, then install."""
        self._tools.say(self._typed)
        write_private(self._file, self._yaml)
        self._tools.run(self._install, timeout=_READY_SECONDS * 2)
        self._record.note(_STEP, self._yaml)

    @property
    def _install(self) -> Command:
        words = ("-f", str(self._file), "--skip-confirmation", "--readiness-timeout", f"{_READY_SECONDS}s")
        return command("istioctl", "install", "--context", self._options.context, *words)

    @property
    def _yaml(self) -> str:
        return yaml.safe_dump(overlay(self._options.profile), sort_keys=False)

    @property
    def _typed(self) -> str:
        folder, file = shlex.quote(str(self._file.parent)), shlex.quote(str(self._file))
        return f"mkdir -p {folder} && cat > {file} <<'END'\n{self._yaml}END"


class NamespaceIsLabelled:
    """`istio-injection=enabled`: from now on, new pods of the namespace get a sidecar."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._kubectl, self._namespace = kubectl, namespace
        self.name = f"namespace {namespace} with injection"

    def commands(self) -> Sequence[Command]:
        """The namespace, unless it is Kubernetes' own, and the label."""
        words = ["label", "namespace", self._namespace, "istio-injection=enabled", "--overwrite"]
        label = self._kubectl.command(*words)
        if self._namespace == "default":
            return [label]
        return [self._kubectl.command("create", "namespace", self._namespace), label]

    def is_done(self) -> bool:
        """Whether it has the label."""
        return self._labels().get("istio-injection") == "enabled"

    def run(self) -> None:
        """Create it if need be, then label it."""
        if self._found() is None:
            self._kubectl.run("create", "namespace", self._namespace)
        self._kubectl.run("label", "namespace", self._namespace, "istio-injection=enabled", "--overwrite")

    def _found(self) -> dict[str, Any] | None:
        return next(
            (n for n in self._kubectl.list(NAMESPACE) if n["metadata"]["name"] == self._namespace), None
        )

    def _labels(self) -> dict[str, str]:
        return dict((self._found() or {"metadata": {}})["metadata"].get("labels") or {})


def version_of(tools: Tools) -> str:
    """The version of the istioctl on PATH, or an empty string."""
    said = tools.look("istioctl", "version", "--remote=false", "-o", "json")
    try:
        return str(json.loads(said or "{}")["clientVersion"]["version"])
    except (ValueError, KeyError, TypeError):
        return ""


def version_in(tools: Tools, context: str) -> str:
    """The version of the control plane in the cluster, as it says itself, or an empty string."""
    said = tools.look("istioctl", "version", "--context", context, "-o", "json")
    try:
        return str(json.loads(said or "{}")["meshVersion"][0]["Info"]["version"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
