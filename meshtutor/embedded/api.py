"""The joint at which controllers, kubelet and control plane meet the Kubernetes API.

Inside the box the API server's registry implements it directly (same defaulting, admission, validation and watch
semantics as over HTTPS, without the sockets); a client of a real API server could implement it too, which is why
every call is awaited.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from meshtutor.kube.kinds import Kind

Object = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One change. `object` is shared with the store: never change it, deep-copy first.

    `time` is `time.monotonic()` at the commit, so that a consumer can say how long its reaction took.
    """

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    kind: Kind
    object: Object
    time: float = 0.0

    @property
    def resource_version(self) -> int:
        """The store's revision at this change; one counter for all kinds, as in etcd."""
        return int(self.object["metadata"]["resourceVersion"])


class Api(Protocol):
    """The verbs of the Kubernetes API. Refusals are `errors.ApiStatusError` and its children.

    Objects returned are shared with the store: deep-copy before changing one.
    """

    async def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """One object, or NotFoundError."""
        ...

    async def list(self, kind: Kind, namespace: str = "", labels: str = "", fields: str = "") -> list[Object]:
        """Objects of a kind; selectors in kubectl's syntax."""
        ...

    async def create(self, obj: Object) -> Object:
        """Create; ConflictError (AlreadyExists) if it exists."""
        ...

    async def update(self, obj: Object, subresource: str = "") -> Object:
        """Replace; ConflictError if `metadata.resourceVersion` is given and no longer current.

        With `subresource="status"` only `.status` is taken.
        """
        ...

    async def patch(
        self,
        kind: Kind,
        name: str,
        namespace: str,
        patch: Any,
        *,
        type: Literal["merge", "strategic", "json", "apply"] = "merge",  # noqa: A002 - the API's own word
        subresource: str = "",
        manager: str = "meshtutor",
    ) -> Object:
        """Patch the object or its status; `apply` creates it when absent."""
        ...

    async def delete(
        self, kind: Kind, name: str, namespace: str = "", *, grace_seconds: int | None = None
    ) -> None:
        """Delete. A Pod bound to a node first gets a deletionTimestamp; the kubelet ends it with grace 0."""
        ...

    async def newest(self, *kinds: Kind) -> int:
        """The revision of the last change of these kinds: a watch of them has nothing later to tell."""
        ...

    def watch(self, *kinds: Kind) -> AsyncIterator[Event]:
        """First ADDED for every object there is, then a BOOKMARK, then each change in the order of revisions."""
        ...
