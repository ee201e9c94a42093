"""What every namespace gets, and how one ends.

Gets: ServiceAccount `default` (pkg/controller/serviceaccount) and the ConfigMaps with root certificates,
which a cluster (`kube-root-ca.crt`) and Istio (`istio-ca-root-cert`,
pilot/pkg/serviceregistry/kube/controller/ namespacecontroller.go) publish. Deleted or changed ones are put
back. Ends: a namespace that was asked to go is emptied, kind by kind, and let go once nothing is left
(pkg/controller/namespace/deletion).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.objects import Key, is_deleting, key_of
from meshtutor.embedded.recorder import Recorder
from meshtutor.errors import ConflictError, NotFoundError
from meshtutor.kube.kinds import ALL, CONFIG_MAP, EVENT, NAMESPACE, SERVICE_ACCOUNT, Kind

Certificates = Mapping[str, Mapping[str, str]]
_LOOK_AGAIN_SECONDS = 0.1


class Namespaces(Controller):
    """Furnishes namespaces and empties those that go. `certificates` are ConfigMaps' data by their name."""

    component = "namespace-controller"

    def __init__(
        self,
        informer: Informer,
        recorder: Recorder,
        certificates: Certificates,
        kinds: Callable[[], Sequence[Kind]] = lambda: ALL,
    ) -> None:
        super().__init__(informer, recorder)
        self._certificates = certificates
        self._kinds = kinds

    def concerns(self, event: Event) -> Iterable[Key]:
        """The namespace itself, or that of a ServiceAccount or ConfigMap it must have."""
        if event.kind is NAMESPACE:
            yield key_of(event.object)
        elif event.kind in (SERVICE_ACCOUNT, CONFIG_MAP):
            namespace, name = key_of(event.object)
            if name == "default" or name in self._certificates:
                yield "", namespace

    async def reconcile(self, key: Key) -> None:
        """Furnish the namespace, or empty it and let it go."""
        namespace = self.informer.get(NAMESPACE, key[1])
        if namespace is None:
            return
        if is_deleting(namespace):
            await self._end(namespace)
            return
        name = key[1]
        if self.informer.get(SERVICE_ACCOUNT, "default", name) is None:
            await self._create(_in(name, SERVICE_ACCOUNT, "default"))
        for config_map, data in self._certificates.items():
            held = self.informer.get(CONFIG_MAP, config_map, name)
            if held is None:
                await self._create({**_in(name, CONFIG_MAP, config_map), "data": dict(data)})
            elif held.get("data") != data:
                await self.informer.patch(held, {"data": dict(data)})

    async def _create(self, obj: Object) -> None:
        try:
            await self.informer.create(obj)
        except ConflictError:
            return  # someone was faster; the watch will show it

    async def _end(self, namespace: Object) -> None:
        name = namespace["metadata"]["name"]
        left = 0
        for kind in self._kinds():
            if kind.namespaced and kind is not EVENT:
                left += await self._empty(kind, name)
        if left:
            self.queue.add_after(key_of(namespace), _LOOK_AGAIN_SECONDS)
            return
        await self._empty(EVENT, name)
        current = await self.informer.api.get(NAMESPACE, name)
        finalized = {**current, "spec": {**(current.get("spec") or {}), "finalizers": []}}
        await self.informer.api.update(finalized, subresource="finalize")

    async def _empty(self, kind: Kind, namespace: str) -> int:
        """Ask every object of a kind to go; how many there were."""
        try:
            objects = await self.informer.api.list(kind, namespace)
        except NotFoundError:
            return 0  # the kind is not served
        for obj in objects:
            if not is_deleting(obj):
                try:
                    await self.informer.api.delete(kind, obj["metadata"]["name"], namespace)
                except NotFoundError:
                    continue
        return len(objects)


def _in(namespace: str, kind: Kind, name: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
