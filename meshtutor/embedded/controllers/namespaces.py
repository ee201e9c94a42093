"""What every namespace gets: ServiceAccount `default` and the ConfigMaps with root certificates.

A cluster publishes `kube-root-ca.crt` (pkg/controller/certificates/rootcacertpublisher), Istio
`istio-ca-root-cert` (pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go). Deleted or changed
ones are put back. Left out: emptying a namespace that goes; the API server does it (apiserver/deletion.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.objects import Key, is_deleting, key_of
from meshtutor.embedded.recorder import Recorder
from meshtutor.errors import ConflictError
from meshtutor.kube.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT, Kind

Certificates = Mapping[str, Mapping[str, str]]


class Namespaces(Controller):
    """Furnishes namespaces. `certificates` are the data of ConfigMaps by their name."""

    component = "namespace-controller"

    def __init__(self, informer: Informer, recorder: Recorder, certificates: Certificates) -> None:
        super().__init__(informer, recorder)
        self._certificates = certificates

    def concerns(self, event: Event) -> Iterable[Key]:
        """The namespace itself, or that of a ServiceAccount or ConfigMap it must have."""
        if event.kind is NAMESPACE:
            yield key_of(event.object)
        elif event.kind in (SERVICE_ACCOUNT, CONFIG_MAP):
            namespace, name = key_of(event.object)
            if name == "default" or name in self._certificates:
                yield "", namespace

    async def reconcile(self, key: Key) -> None:
        """Create what the namespace lacks; put right what was changed."""
        namespace = self.informer.get(NAMESPACE, key[1])
        if namespace is None or is_deleting(namespace):
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


def _in(namespace: str, kind: Kind, name: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
