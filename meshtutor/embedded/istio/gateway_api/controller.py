"""What the control plane writes: the GatewayClass, statuses, and the Deployments of Gateways that have none.

It follows the snapshots of the control plane, so that a status says what proxies were given, and objects as the API has
them. A status is written when it differs; the pilot reads it as no change (see `objects`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from meshtutor.embedded.api import Api, Event
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.istio.gateway_api import managed, statuses
from meshtutor.embedded.istio.gateway_api.conversion import Conversion, GatewayReport
from meshtutor.embedded.istio.gateway_api.objects import CLASS, CONTROLLER, Identity
from meshtutor.embedded.istio.gateway_api.reach import reach_of
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.objects import with_condition
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import (
    DEPLOYMENT,
    GATEWAY_CLASS,
    HTTP_ROUTE,
    KUBERNETES_GATEWAY,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
    kind_of,
)

log = logging.getLogger("meshtutor.pilot")
Object = dict[str, Any]
_RETRY_SECONDS: Final = 0.2


class Snapshots(Protocol):
    """The control plane, as far as it is asked here."""

    @property
    def snapshot(self) -> Snapshot:
        """What it serves now."""
        ...

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` after each new snapshot. It must not block."""
        ...


class GatewayController:
    """Keeps the statuses and the managed Gateways of one lab."""

    def __init__(self, api: Api, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._informer = Informer(
            api, GATEWAY_CLASS, KUBERNETES_GATEWAY, HTTP_ROUTE, SERVICE, DEPLOYMENT, SERVICE_ACCOUNT
        )
        self._wake = asyncio.Event()
        self._seen: tuple[Any, ...] = ()
        self._retry: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Reconcile until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._informer.run())
            await self._informer.synced()
            await self._ensure_class()
            self._informer.subscribe(self._notice)
            self._snapshots.subscribe(self._wake.set)
            self._wake.set()
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._reconcile()

    def _notice(self, event: Event) -> None:
        """An object of the Gateway API (or what was made for one) is different: look, whatever the snapshot says."""
        labels = event.object["metadata"].get("labels") or {}
        if event.kind in (GATEWAY_CLASS, KUBERNETES_GATEWAY, HTTP_ROUTE) or managed.GATEWAY_NAME in labels:
            self._again()

    async def _ensure_class(self) -> None:
        if self._informer.get(GATEWAY_CLASS, CLASS) is None:
            spec = {"controllerName": CONTROLLER, "description": "The default Istio GatewayClass"}
            meta = {"name": CLASS}
            await self._informer.create(
                {
                    "apiVersion": GATEWAY_CLASS.api_version,
                    "kind": "GatewayClass",
                    "metadata": meta,
                    "spec": spec,
                }
            )

    async def _reconcile(self) -> None:
        snapshot = self._snapshots.snapshot
        classes = snapshot.table(GATEWAY_CLASS)
        inputs = (snapshot.gateway_api, snapshot.hosts, snapshot.endpoints, classes)
        if len(self._seen) == len(inputs) and all(a is b for a, b in zip(self._seen, inputs, strict=True)):
            return
        self._seen = inputs
        for found in classes.values():
            if found.controller == CONTROLLER:
                await self._set(GATEWAY_CLASS, found.identity, statuses.of_class(found))
        if snapshot.gateway_api.gateway_reports or snapshot.gateway_api.route_reports:
            await self._report(snapshot.gateway_api, snapshot)

    async def _report(self, conversion: Conversion, snapshot: Snapshot) -> None:
        attached = statuses.attached_routes(conversion)
        for report in conversion.gateway_reports:
            await self._make(report)
            reach = reach_of(report, snapshot.hosts, snapshot.endpoints)
            status = statuses.of_gateway(report, attached, reach)
            await self._set(KUBERNETES_GATEWAY, report.gateway.identity, status)
        for route in conversion.route_reports:
            await self._set(HTTP_ROUTE, route.route.identity, {"parents": statuses.of_route(route)})

    async def _set(self, kind: Kind, identity: Identity, status: Object) -> None:
        """Write a status, unless the object is another one by now: then the next snapshot knows it."""
        obj = self._informer.get(kind, identity.name, identity.namespace if kind.namespaced else "")
        if obj is None or obj["metadata"].get("uid", "") != identity.uid:
            return
        if obj["metadata"].get("generation", 1) == identity.generation:
            held = obj.get("status") or {}
            merged = _route_status(held, status) if kind is HTTP_ROUTE else _timed(held, status)
            if merged["parents"] or held if kind is HTTP_ROUTE else True:
                await self._try(self._informer.update_status(obj, merged))

    async def _make(self, report: GatewayReport) -> None:
        """See to it that a managed Gateway has its objects, and that its Service has its ports."""
        if not report.gateway.is_managed:
            return
        for wanted in managed.objects_of(report.gateway):
            kind = kind_of(wanted)
            assert kind is not None
            held = self._informer.get(kind, wanted["metadata"]["name"], wanted["metadata"]["namespace"])
            if held is None:
                await self._try(self._informer.create(wanted))
            elif kind is SERVICE and _ports(held) != _ports(wanted):
                await self._try(self._informer.patch(held, {"spec": {"ports": wanted["spec"]["ports"]}}))

    async def _try(self, write: Any) -> None:
        """After a conflict, or where something has vanished, look again in a while; other refusals are told."""
        try:
            await write
        except ApiStatusError as refusal:
            if refusal.code not in (404, 409):
                log.warning("not written for the Gateway API: %s", refusal)
                return
            if self._retry is not None:
                self._retry.cancel()
            self._retry = asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._again)

    def _again(self) -> None:
        self._seen = ()
        self._wake.set()


def _ports(service: Object) -> list[tuple[Any, ...]]:
    listed = service["spec"].get("ports") or ()
    return [(port["name"], port["port"], port.get("targetPort"), port.get("appProtocol")) for port in listed]


def _timed(held: Object, status: Object) -> Object:
    """A status with the times at which its conditions last changed; what others wrote stays."""
    out = {**held, **status, "conditions": _conditions(held, status)}
    if "listeners" in status:
        before = {listener["name"]: listener for listener in held.get("listeners") or ()}
        out["listeners"] = [
            {**new, "conditions": _conditions(before.get(new["name"], {}), new)}
            for new in status["listeners"]
        ]
    return out


def _route_status(held: Object, status: Object) -> Object:
    before = {repr(entry["parentRef"]): entry for entry in held.get("parents") or ()}
    ours = [
        {**new, "conditions": _conditions(before.get(repr(new["parentRef"]), {}), new)}
        for new in status["parents"]
    ]
    return {"parents": [*statuses.others(held), *ours]}


def _conditions(held: Object, new: Object) -> list[Object]:
    merged = list(held.get("conditions") or ())
    for condition in new["conditions"]:
        merged = with_condition(merged, condition)
    return merged
