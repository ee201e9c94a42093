"""The Kubernetes API inside the box: `embedded.api.Api` on the store.

The HTTP layer uses the same methods with `options`; nothing is allowed or refused there that is not here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any, Literal

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.apiserver.admission import Mutator, Validator
from meshtutor.embedded.apiserver.core import Core
from meshtutor.embedded.apiserver.deletion import Deleter
from meshtutor.embedded.apiserver.logs import LogSource
from meshtutor.embedded.apiserver.options import DeleteOptions, WriteOptions
from meshtutor.embedded.apiserver.patches.apply import apply
from meshtutor.embedded.apiserver.patches.merge import merge
from meshtutor.embedded.apiserver.patches.operations import json_patch
from meshtutor.embedded.apiserver.patches.strategic import strategic_merge
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.selection import Selection
from meshtutor.embedded.apiserver.shape import configuration, metadata_of
from meshtutor.embedded.apiserver.statuses import not_found, refusal
from meshtutor.embedded.apiserver.store import Store
from meshtutor.embedded.apiserver.writing import Writer
from meshtutor.embedded.network import Block
from meshtutor.errors import ConflictError
from meshtutor.kube.kinds import Kind

PatchType = Literal["merge", "strategic", "json", "apply"]
_ATTEMPTS = 5
_WINDOW = 1000


class Registry:
    """Implements Api. Mutators, validators and the source of logs may be added later; before any write is best."""

    def __init__(
        self,
        block: Block,
        mutators: Iterable[Mutator] = (),
        validators: Iterable[Validator] = (),
        log_source: LogSource | None = None,
        window: int = _WINDOW,
    ) -> None:
        self.core = Core(block, window)
        self.core.mutators.extend(mutators)
        self.core.validators.extend(validators)
        self.log_source = log_source
        self.block = block
        self._writer = Writer(self.core)
        self._deleter = Deleter(self.core)

    @property
    def mutators(self) -> list[Mutator]:
        """Called in this order on every create and update of an object (not of a status)."""
        return self.core.mutators

    @property
    def validators(self) -> list[Validator]:
        """Called in this order after the built-in checks."""
        return self.core.validators

    @property
    def store(self) -> Store:
        """The objects themselves, for reading."""
        return self.core.store

    async def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """One object, or NotFoundError."""
        return self.core.find(self.core.resources.of(kind), namespace, name)

    async def list(self, kind: Kind, namespace: str = "", labels: str = "", fields: str = "") -> list[Object]:
        """Objects of a kind; selectors in kubectl's syntax."""
        resource, selection = self.core.resources.of(kind), Selection.parse(kind, labels, fields)
        return [obj for obj in self.store.objects(resource.kind, namespace) if selection.matches(obj)]

    async def create(self, obj: Object, options: WriteOptions | None = None) -> Object:
        """Create; ConflictError (AlreadyExists) if it exists."""
        resource = self.core.resources.of_object(obj)
        made = await self._writer.create(resource, obj, options or WriteOptions())
        self._deleter.sweep(resource, made)
        return made

    async def update(self, obj: Object, subresource: str = "", options: WriteOptions | None = None) -> Object:
        """Replace; ConflictError if `metadata.resourceVersion` is given and no longer current."""
        resource = self.core.resources.of_object(obj)
        meta = metadata_of(obj)
        current = self.core.find(resource, meta.get("namespace") or "default", str(meta.get("name")))
        return await self._writer.update(resource, obj, current, options or WriteOptions(), subresource)

    async def patch(
        self,
        kind: Kind,
        name: str,
        namespace: str,
        patch: Any,
        *,
        type: PatchType = "merge",  # noqa: A002 - the API's own word
        subresource: str = "",
        manager: str = "meshtutor",
        options: WriteOptions | None = None,
    ) -> Object:
        """Patch the object or its status; `apply` creates it when absent.

        Like apiserver this tries again when another write came between, unless the patch names a resourceVersion.
        """
        resource = self.core.resources.of(kind)
        options = options or WriteOptions(manager=manager if type == "apply" else "")
        for attempt in range(_ATTEMPTS):
            current = self.store.get(resource.kind, _space(resource, namespace), name)
            if current is None and (type != "apply" or subresource):
                raise not_found(resource.kind, name)
            try:
                if type == "apply":
                    return await self._apply(
                        resource,
                        current,
                        patch,
                        place=(namespace, name),
                        options=options,
                        subresource=subresource,
                    )
                assert current is not None
                new = self._patched(resource, current, patch, type, options)
                return await self._writer.update(resource, new, current, options, subresource)
            except ConflictError:
                moved = self.store.get(resource.kind, _space(resource, namespace), name) is not current
                if not moved or _names_version(patch) or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _apply(
        self,
        resource: Resource,
        current: Object | None,
        config: Any,
        *,
        place: tuple[str, str],
        options: WriteOptions,
        subresource: str,
    ) -> Object:
        """Server-side apply; creates the object when there is none."""
        version = options.version or resource.kind.version
        config = configuration(resource, config, place, version, options)
        seen = resource.at(current, version) if current else None
        schema = resource.schema(version) or {}
        new = apply(seen, config, schema, options.manager, force=options.force, subresource=subresource)
        tracked = replace(options, manager="")
        if current is None:
            made = await self._writer.create(resource, new, tracked)
            self._deleter.sweep(resource, made)
            return made
        return await self._writer.update(resource, new, current, tracked, subresource)

    def _patched(
        self, resource: Resource, current: Object, patch: Any, how: PatchType, options: WriteOptions
    ) -> Object:
        version = options.version or resource.kind.version
        seen = resource.at(current, version)
        schema = resource.schema(version)
        match how:
            case "merge":
                new = merge(seen, patch)
            case "json":
                new = json_patch(seen, patch)
            case "strategic" if schema is not None and not resource.custom:
                new = strategic_merge(seen, patch, schema)
            case _:
                raise refusal(415, "UnsupportedMediaType", _NO_STRATEGIC)
        metadata_of(new)
        return dict(new)

    async def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        *,
        grace_seconds: int | None = None,
        options: DeleteOptions | None = None,
    ) -> None:
        """Delete. A Pod bound to a node first gets a deletionTimestamp; the kubelet ends it with grace 0."""
        self.remove(kind, name, namespace, options or DeleteOptions(grace_seconds=grace_seconds))

    def remove(self, kind: Kind, name: str, namespace: str, options: DeleteOptions) -> tuple[Object, bool]:
        """Delete; the last state of the object, and whether it is gone already."""
        resource = self.core.resources.of(kind)
        return self._deleter.delete(resource, self.core.find(resource, namespace, name), options)

    async def newest(self, *kinds: Kind) -> int:
        """The revision of the last change of these kinds: a watch of them has nothing later to tell."""
        return self.store.newest(kind.resource for kind in kinds)

    async def watch(self, *kinds: Kind) -> AsyncIterator[Event]:
        """First ADDED for every object there is, then a BOOKMARK, then each change in the order of revisions."""
        named = {kind.resource: kind for kind in kinds}
        since = self.store.revision
        present = [(kind, obj) for kind in named.values() for obj in self.store.objects(kind)]
        for kind, obj in present:
            yield Event("ADDED", kind, obj)
        bookmark = {"metadata": {"resourceVersion": str(since)}}
        yield Event("BOOKMARK", kinds[0], bookmark)
        async for batch in self.store.follow(named, since):
            for change in batch:
                yield Event(change.type, named[change.kind.resource], change.object, change.time)


_NO_STRATEGIC = (
    "the body of the request was in an unknown format - accepted media types include: "
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
)


def _space(resource: Resource, namespace: str) -> str:
    """The namespace as the store has it: "" for cluster-scoped kinds."""
    return namespace if resource.kind.namespaced else ""


def _names_version(patch: Any) -> bool:
    return isinstance(patch, dict) and bool(metadata_of(patch).get("resourceVersion"))
