"""Translation at 10, 100 and 1,000 services: the first snapshot, then one change at a time, for 8 sidecars.

What is measured is snapshot and translation up to resources ready to send; no Envoy takes part.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from meshtutor.embedded.api import Event
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.istio.translate import Translator
from meshtutor.kube.kinds import DESTINATION_RULE, ENDPOINT_SLICE, VIRTUAL_SERVICE, Kind
from tests.benchmarks.measurement import Measurement
from tests.embedded.istio.support import objects as make

_SIZES = (10, 100, 1000)
_PROXIES = 8
_TIMES = 30


class World:
    """A mesh of `size` services with a pod each, and proxies that look at it."""

    def __init__(self, size: int) -> None:
        self.translator = Translator()
        self.objects = []
        self.slices = []
        for i in range(size):
            service, pod = make.service(f"s{i}"), make.pod(f"s{i}", "v1", f"10.2.{i // 250}.{i % 250}")
            self.slices.append((service, pod))
            self.objects += [service, pod, make.endpoint_slice(service, pod)]
        self.revision = 0
        for obj in self.objects:
            obj["metadata"]["resourceVersion"] = "0"
        self.snapshot = Snapshot.of(self.objects)
        self.proxies = [self._proxy(i) for i in range(_PROXIES)]

    def _proxy(self, index: int) -> Proxy:
        _, pod = self.slices[index]
        workload = self.snapshot.workloads["default", pod["metadata"]["name"]]
        return Proxy(f"{pod['metadata']['name']}.default", False, workload.ip, "127.0.0.1", workload)

    def translate(self) -> float:
        """Milliseconds for all proxies."""
        began = time.perf_counter()
        for proxy in self.proxies:
            self.translator.configuration(proxy, self.snapshot)
        return (time.perf_counter() - began) * 1000

    def change(self, kind: Kind, obj: dict) -> float:
        """Milliseconds from an event to the resources of all proxies."""
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        began = time.perf_counter()
        self.snapshot = self.snapshot.evolve([Event("MODIFIED", kind, obj)])
        return (time.perf_counter() - began) * 1000 + self.translate()


def measure() -> list[Measurement]:
    found = []
    for size in _SIZES:
        first = []
        for _ in range(3):
            world = World(size)
            first.append(world.translate())
        found.append(Measurement(f"first translation, {size} services", "ms", first))
        for what, change in _CHANGES.items():
            change(world, 0)  # the first rule of a kind builds indices; what a learner repeats comes after it
            samples = [change(world, number) for number in range(1, _TIMES)]
            found.append(Measurement(f"{what}, {size} services", "ms", samples))
    return found


def _route(world: World, number: int) -> float:
    routes = [
        {"destination": {"host": "s1"}, "weight": number},
        {"destination": {"host": "s2"}, "weight": 100},
    ]
    return world.change(
        VIRTUAL_SERVICE, make.rule("VirtualService", "s1", hosts=["s1"], http=[{"route": routes}])
    )


def _subset(world: World, number: int) -> float:
    subsets = [{"name": f"v{number}", "labels": {"version": "v1"}}]
    return world.change(DESTINATION_RULE, make.rule("DestinationRule", "s1", host="s1", subsets=subsets))


def _endpoints(world: World, number: int) -> float:
    service, pod = world.slices[1]
    unready = (pod,) if number % 2 else ()
    return world.change(ENDPOINT_SLICE, make.endpoint_slice(service, pod, unready=unready))


_CHANGES: dict[str, Callable[[World, int], float]] = {
    "a weight changes": _route,
    "a subset changes": _subset,
    "a pod becomes unready": _endpoints,
}
