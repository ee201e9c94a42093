"""What lessons will lack on a cluster that somebody else set up: a list with the command for each, and no error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from meshtutor.config import study
from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube import kinds, manifests, objects, reach
from meshtutor.kube.client import KubeClient
from meshtutor.providers import requirements
from meshtutor.providers.addons import ADDONS
from meshtutor.providers.context import rights
from meshtutor.providers.context.provider import ROOT
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command

REGION: Final = "topology.kubernetes.io/region"
_SAMPLES: Final = "https://raw.githubusercontent.com/istio/istio/{branch}/samples/addons/{addon}.yaml"
_GATEWAY_API: Final = (
    "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.5.0/standard-install.yaml"
)
_TRACING: Final = (
    "enableTracing: true, defaultProviders.tracing: [jaeger], and in extensionProviders: "
    f"{{name: jaeger, opentelemetry: {{service: jaeger-collector.{ROOT}.svc.cluster.local, port: 4317}}}}"
)
_LESSONS_OF: Final = {"prometheus": "lesson 03, and every chart of metrics", "jaeger": "lesson 03: traces"}


@dataclass(frozen=True)
class Lack:
    """What is not there, what goes without it, and what whoever runs the cluster could type."""

    what: str
    without: str
    commands: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n      ".join((f"{self.what} ({self.without})", *self.commands))


class LacksAreTold:
    """Tells what lessons will lack; nothing of it stops an `up`."""

    name = "what lessons need beside"

    def __init__(self, kube: KubeClient, record: Record, said: Said, reviews: rights.Reviews) -> None:
        self._kube, self._record, self._said, self._reviews = kube, record, said, reviews

    def commands(self) -> Sequence[Command]:
        """How a person would look."""
        kubectl = ("kubectl", "--context", self._record.context)
        return [
            command(*kubectl, "-n", ROOT, "get", "services", *(ADDONS[name].service for name in _LESSONS_OF)),
            command(*kubectl, "get", "nodes", "-L", REGION),
            command(*kubectl, "api-resources", f"--api-group={kinds.GATEWAY_API_GROUP}"),
        ]

    def is_done(self) -> bool:
        """True: looked, and told."""
        for lack in lacks(self._kube, self._record, self._reviews):
            self._said({"note": str(lack)})
        return True

    def run(self) -> None:
        """Nothing: what is missing is not ours to install."""


def lacks(kube: KubeClient, record: Record, reviews: rights.Reviews) -> list[Lack]:
    """All that is known to be missing; what may not be looked at is not guessed."""
    kubectl = f"kubectl --context {record.context}"
    return [
        *_addons(kube, kubectl, record.istio),
        *_tracing(kube, kubectl),
        *_regions(kube, kubectl),
        *_gateway_api(kube, kubectl),
        *_rights(kube, record, reviews),
    ]


def _addons(kube: KubeClient, kubectl: str, istio: str) -> Iterator[Lack]:
    branch = requirements.branch(istio, "")
    branch = f"release-{branch}" if branch else "master"
    for name, lessons in _LESSONS_OF.items():
        try:
            kube.get(kinds.SERVICE, ADDONS[name].service, ROOT)
        except NotFoundError:
            typed = f"{kubectl} apply -f {_SAMPLES.format(branch=branch, addon=name)}"
            yield Lack(f"no {name} in {ROOT}", lessons, (typed,))


def _tracing(kube: KubeClient, kubectl: str) -> Iterator[Lack]:
    """Proxies report where the mesh's configuration, or a Telemetry of the root namespace, names a provider."""
    config = _mesh_config(kube)
    if config is None:
        return
    told = reach.list_if_shown(kube, kinds.TELEMETRY, ROOT)
    is_on = any("tracing" in objects.spec(one) for one in told) or any(
        (config.get("defaultProviders") or {}).get("tracing") or ()
    )
    legacy = config.get("enableTracing") and (config.get("defaultConfig") or {}).get("tracing")
    if not is_on and not legacy:
        typed = f"{kubectl} -n {ROOT} edit configmap istio   # under `mesh: |-` add: {_TRACING}"
        yield Lack("proxies report no traces: MeshConfig names no provider for them", "lesson 03", (typed,))


def _mesh_config(kube: KubeClient) -> Mapping[str, Any] | None:
    """MeshConfig as istiod reads it, or None where it may not be read."""
    try:
        found = kube.get(kinds.CONFIG_MAP, "istio", ROOT)
    except ApiStatusError:
        return None
    return yaml.safe_load((found.get("data") or {}).get("mesh", "")) or {}


def _regions(kube: KubeClient, kubectl: str) -> Iterator[Lack]:
    """Lesson 10 asks for nodes in its regions, or its pods stay Pending."""
    try:
        nodes = kube.list(kinds.NODE)
    except ApiStatusError:
        return  # told as a missing right
    there = {objects.labels(node).get(REGION) for node in nodes}
    if absent := sorted(wanted_regions() - there):
        name = objects.name(nodes[0]) if len(nodes) == 1 else "NODE"
        typed = tuple(f"{kubectl} label node {name} {REGION}={region} --overwrite" for region in absent)
        what = f"no node has {REGION}={' or '.join(absent)}"
        yield Lack(what, "lesson 10: its pods would stay Pending", typed)


def wanted_regions() -> set[str]:
    """The regions that the pods of lesson 10 ask for."""
    found = manifests.load(study() / "manifests" / "10_prefer_near_pods")
    chosen = (objects.dig(obj, "spec.template.spec.nodeSelector") or {} for obj in found)
    return {str(one[REGION]) for one in chosen if REGION in one}


def _gateway_api(kube: KubeClient, kubectl: str) -> Iterator[Lack]:
    absent = [
        kind.kind for kind in rights.unserved(kube) if kind in (kinds.KUBERNETES_GATEWAY, kinds.HTTP_ROUTE)
    ]
    if absent:
        typed = f"{kubectl} apply --server-side -f {_GATEWAY_API}"
        yield Lack(f"the Gateway API is not installed ({', '.join(absent)})", "lesson 14", (typed,))


def _rights(kube: KubeClient, record: Record, reviews: rights.Reviews) -> Iterator[Lack]:
    """The optional ones; what a learner had better not have is named without a grant."""
    wanted = rights.needed(record.namespace, ROOT, create_namespace=False)
    optional = [right for right in rights.served(kube, wanted) if not right.required]
    lacking = reviews.missing(optional)
    if granted := [right for right in lacking if right.role]:
        typed = rights.grants(granted, record.namespace, rights.user(kube))
        for purpose in dict.fromkeys(right.purpose for right in granted):
            names = [str(right) for right in granted if right.purpose == purpose]
            yield Lack(f"no right to {_some(names)}", purpose)
        yield Lack("these rights are granted by", "whoever runs the cluster", tuple(typed))
    for right in (right for right in lacking if not right.role):
        yield Lack(
            f"no right to {right}",
            right.purpose,
            ("meshtutor up --on embedded --name own   # they run there",),
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
