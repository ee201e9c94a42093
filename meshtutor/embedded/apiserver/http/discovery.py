"""What is served, in the three forms that clients ask for.

Legacy: APIVersions, APIGroupList, APIGroup, APIResourceList. Aggregated (KEP-3352): one APIGroupDiscoveryList per root,
chosen by `Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from meshtutor.embedded.apiserver.http.reviews import REVIEWS
from meshtutor.embedded.apiserver.resources import Resources
from meshtutor.embedded.apiserver.statuses import no_such_resource
from meshtutor.kube.kinds import Kind

_VERBS: Final = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_CHANGES: Final = ["get", "patch", "update"]
_METHODS: Final = ["create", "delete", "get", "patch", "update"]
_SUBRESOURCES: Final[dict[str, tuple[dict[str, str], list[str]]]] = {
    "scale": ({"kind": "Scale", "group": "autoscaling", "version": "v1"}, _CHANGES),
    "eviction": ({"kind": "Eviction", "group": "policy", "version": "v1"}, ["create"]),
    "token": ({"kind": "TokenRequest", "group": "authentication.k8s.io", "version": "v1"}, ["create"]),
    "log": ({}, ["get"]),
    "finalize": ({}, ["update"]),
    "portforward": ({"kind": "PodPortForwardOptions"}, ["create", "get"]),
}
_STABILITY: Final = {"": 2, "beta": 1, "alpha": 0}
_VERSION: Final = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
AGGREGATED: Final = re.compile(
    r"application/json;[^,]*g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList"
)


class Discovery:
    """Documents made from the table of resources as it is now."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def document(self, path: str, accept: str, address: str) -> dict[str, Any]:
        """The document at `/api`, `/apis`, `/api/v1`, `/apis/GROUP` or `/apis/GROUP/VERSION`; 404 elsewhere."""
        match path.strip("/").split("/"):
            case ["api" | "apis" as root]:
                return self._root(root, AGGREGATED.search(accept), address)
            case ["api", version]:
                return self._list("", version)
            case ["apis", group] if group in self._groups():
                return {"kind": "APIGroup", "apiVersion": "v1", **self._group(group)}
            case ["apis", group, version]:
                return self._list(group, version)
        raise no_such_resource()

    def _root(self, root: str, aggregated: re.Match[str] | None, address: str) -> dict[str, Any]:
        if aggregated:
            return self._aggregated([""] if root == "api" else self._groups(), aggregated[1])
        if root == "api":
            addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
        groups = [self._group(group) for group in self._groups()]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def versions(self) -> list[tuple[str, str]]:
        """Every (group, version) that is served."""
        return [(group, version) for group in ("", *self._groups()) for version in self._versions(group)]

    def _kinds(self) -> Iterable[Kind]:
        yield from (resource.kind for resource in self._resources)
        yield from REVIEWS

    def _groups(self) -> list[str]:
        return list(dict.fromkeys(kind.group for kind in self._kinds() if kind.group))

    def _versions(self, group: str) -> list[str]:
        found = {v for kind in self._kinds() if kind.group == group for v in kind.versions}
        return sorted(found, key=version_rank, reverse=True)

    def _group(self, group: str) -> dict[str, Any]:
        versions = [{"groupVersion": f"{group}/{v}", "version": v} for v in self._versions(group)]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _list(self, group: str, version: str) -> dict[str, Any]:
        if version not in self._versions(group):
            raise no_such_resource()
        name = f"{group}/{version}" if group else version
        entries = [e for kind in self._of(group, version) for e in _entries(kind, self._singular(kind))]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": entries}

    def _of(self, group: str, version: str) -> list[Kind]:
        return [kind for kind in self._kinds() if kind.group == group and version in kind.versions]

    def _singular(self, kind: Kind) -> str:
        return next((r.singular for r in self._resources if r.kind is kind), kind.kind.lower())

    def _aggregated(self, groups: Iterable[str], version: str) -> dict[str, Any]:
        items = [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {
                        "version": v,
                        "freshness": "Current",
                        "resources": [
                            _aggregated_entry(kind, v, self._singular(kind)) for kind in self._of(group, v)
                        ],
                    }
                    for v in self._versions(group)
                ],
            }
            for group in groups
        ]
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{version}",
            "metadata": {},
            "items": items,
        }


def version_rank(version: str) -> tuple[int, int, int]:
    """Kubernetes' order of versions: v2 > v1 > v1beta2 > v1beta1 > v1alpha3."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (-1, 0, 0)
    return (_STABILITY[found[2] or ""], int(found[1]), int(found[3] or 0))


def _verbs(kind: Kind) -> list[str]:
    return ["create"] if kind in REVIEWS else _VERBS


def _subresource(kind: Kind, name: str) -> tuple[dict[str, str], list[str]]:
    if name == "proxy":
        return {"kind": f"{kind.kind}ProxyOptions"}, _METHODS
    return _SUBRESOURCES.get(name, ({}, _CHANGES))


def _entries(kind: Kind, singular: str) -> list[dict[str, Any]]:
    """The resource and its subresources, as an APIResourceList has them."""
    own: dict[str, Any] = {
        "name": kind.plural,
        "singularName": singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _verbs(kind),
    }
    if kind.short_names:
        own["shortNames"] = list(kind.short_names)
    if kind.categories:
        own["categories"] = list(kind.categories)
    entries = [own]
    for name in kind.subresources:
        about, verbs = _subresource(kind, name)
        entry = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced}
        entries.append({**entry, "kind": kind.kind, **about, "verbs": verbs})
    return entries


def _aggregated_entry(kind: Kind, version: str, singular: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": singular,
        "verbs": _verbs(kind),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    if kind.subresources:
        entry["subresources"] = [_aggregated_subresource(kind, version, name) for name in kind.subresources]
    return entry


def _aggregated_subresource(kind: Kind, version: str, name: str) -> dict[str, Any]:
    about, verbs = _subresource(kind, name)
    response = {"group": kind.group, "version": version, "kind": kind.kind, **about}
    return {"subresource": name, "responseKind": response, "verbs": verbs}
