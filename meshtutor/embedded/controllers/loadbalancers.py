"""Services of type LoadBalancer get the machine's own address, as klipper-lb gives the node's on k3d."""

from __future__ import annotations

from collections.abc import Iterable

from meshtutor.embedded.api import Event
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.objects import Key, is_deleting, key_of
from meshtutor.kube.kinds import SERVICE

_ADDRESS = "127.0.0.1"


class LoadBalancers(Controller):
    """Keeps `status.loadBalancer` of Services."""

    component = "service-controller"

    def concerns(self, event: Event) -> Iterable[Key]:
        """Each Service."""
        if event.kind is SERVICE and event.type != "DELETED":
            yield key_of(event.object)

    async def reconcile(self, key: Key) -> None:
        """An ingress address for type LoadBalancer, none for the others."""
        service = self.informer.get(SERVICE, key[1], key[0])
        if service is None or is_deleting(service):
            return
        held = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        has = service["spec"].get("type") == "LoadBalancer"
        ingress = [{"ip": _ADDRESS, "ipMode": "VIP"}] if has else []
        if held == ingress:
            return
        if has:
            self.recorder.normal(service, "EnsuredLoadBalancer", "Ensured load balancer")
        status = {**(service.get("status") or {}), "loadBalancer": {"ingress": ingress} if ingress else {}}
        await self.informer.update_status(service, status)
