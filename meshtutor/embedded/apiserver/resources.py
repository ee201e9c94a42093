"""What is served: the built-in kinds from the start, others while their CustomResourceDefinition exists.

A Resource is a Kind with all that the server needs to know about it: a schema per served version, its subresources,
and the columns that `kubectl get` prints. The key everywhere is `Kind.resource`, "plural.group".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import no_such_resource, refusal
from meshtutor.kube.kinds import BUILT_IN, Kind

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One served resource. `schema(version)` is a structural schema, or None where anything goes."""

    kind: Kind
    schema: Callable[[str], Schema | None]
    singular: str = ""
    list_kind: str = ""
    columns: Mapping[str, tuple[Schema, ...]] = field(default_factory=dict)
    scale: Mapping[str, Any] | None = None
    custom: bool = False
    deprecations: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """As the store has it."""
        return self.kind.resource

    @property
    def has_status(self) -> bool:
        """Whether `/status` is a subresource: then spec and status are written apart."""
        return "status" in self.kind.subresources

    def api_version(self, version: str = "") -> str:
        """`apiVersion` of a served version, by default of the stored one."""
        return f"{self.kind.group}/{version or self.kind.version}" if self.kind.group else "v1"

    def at(self, obj: Object, version: str) -> Object:
        """The stored object as a served version shows it; the schemas are the same, only the name differs."""
        return obj if version == self.kind.version else {**obj, "apiVersion": self.api_version(version)}


class Resources:
    """The table of what is served now; `revision` changes with it, for discovery and its caches."""

    def __init__(self, schema_of: Callable[[Kind], Schema | None]) -> None:
        self._by_key: dict[str, Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self.revision = 0
        for kind in BUILT_IN:
            self.add(_built_in(kind, schema_of))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_key.values())

    def add(self, resource: Resource) -> None:
        """Serve a resource, or serve it by another schema."""
        self._by_key[resource.key] = resource
        self._by_kind[resource.kind.group, resource.kind.kind] = resource
        self.revision += 1

    def discard(self, key: str) -> None:
        """Serve it no longer."""
        if resource := self._by_key.pop(key, None):
            self._by_kind.pop((resource.kind.group, resource.kind.kind), None)
            self.revision += 1

    def of(self, kind: Kind) -> Resource:
        """The resource of a kind, or 404."""
        if found := self._by_key.get(kind.resource):
            return found
        raise no_such_resource()

    def at(self, group: str, version: str, plural: str) -> Resource:
        """The resource at a URL, or 404."""
        found = self._by_key.get(f"{plural}.{group}" if group else plural)
        if found is None or found.kind.group != group or version not in found.kind.versions:
            raise no_such_resource()
        return found

    def of_object(self, obj: Mapping[str, Any]) -> Resource:
        """The resource an object says it is by `apiVersion` and `kind`, or 404 as kubectl words it."""
        group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        found = self._by_kind.get((group, str(obj.get("kind"))))
        if found is None or version not in found.kind.versions:
            message = f'no matches for kind "{obj.get("kind")}" in version "{obj.get("apiVersion")}"'
            raise refusal(404, "NotFound", message)
        return found


def _built_in(kind: Kind, schema_of: Callable[[Kind], Schema | None]) -> Resource:
    return Resource(kind, lambda _: schema_of(kind), kind.kind.lower(), f"{kind.kind}List")
