"""Everything that one proxy reports, as its connection managers take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from meshtutor.embedded.istio import telemetry
from meshtutor.embedded.istio.clusters import outbound_name
from meshtutor.embedded.istio.hosts import Host
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reporting import logs, metrics, spans
from meshtutor.embedded.istio.reporting.modes import Mode
from meshtutor.embedded.istio.reporting.objects import Telemetry
from meshtutor.embedded.istio.reporting.report import Report
from meshtutor.embedded.istio.workloads import Workload

Counter = Callable[[metrics.Overrides], list[Any]]
"""Makes the loggers that count, after the overrides of Telemetry."""


@dataclass(frozen=True, eq=False)
class Reports:
    """What a proxy reports as client and as server. `applying` the most general first, see `objects`."""

    workload: Workload
    applying: tuple[Telemetry, ...]
    mesh: MeshConfig
    collectors: Mapping[str, str]

    def client(self, *, gateway: bool = False) -> Report:
        """Of the requests that a sidecar's app sends, or that pass a gateway."""
        counter = partial(telemetry.outbound_logger, self.workload, gateway=gateway)
        return self._report("CLIENT", counter, gateway=gateway)

    def server(self, host: Host | None, *, mutual_tls: bool) -> Report:
        """Of the requests that a sidecar's app gets, by one of the two filter chains of a port that `host` leads to."""
        counter = partial(telemetry.inbound_logger, self.workload, host, mutual_tls=mutual_tls)
        return self._report("SERVER", counter)

    def connections(self, host: Host | None, *, mutual_tls: bool) -> list[Any]:
        """The access loggers of the connections that a sidecar's app gets, where they carry no requests."""
        counter = partial(telemetry.connection_logger, self.workload, host, mutual_tls=mutual_tls)
        return self._loggers("SERVER", counter)

    def passed_connections(self) -> list[Any]:
        """The access loggers of the connections whose bytes a gateway passes on."""
        return self._loggers("CLIENT", partial(telemetry.passing_logger, self.workload))

    def _loggers(self, mode: Mode, counter: Counter) -> list[Any]:
        overrides = metrics.chosen(self.applying, self.mesh, mode)
        counted = [] if overrides is None else counter(overrides)
        return [*logs.loggers(self.applying, self.mesh, mode), *counted]

    def _report(self, mode: Mode, counter: Counter, *, gateway: bool = False) -> Report:
        wanted = spans.chosen(self.applying, self.mesh, mode)
        traced = spans.configured(wanted, self.mesh, self.workload, self.collectors, gateway=gateway)
        return Report(self._loggers(mode, counter), traced, wanted is None or wanted.by_request_id)


def collectors(mesh: MeshConfig, hosts: Mapping[str, Host]) -> dict[str, str]:
    """Envoy's cluster for each tracing provider whose Service has the port, by the provider's name."""
    return {
        provider.name: outbound_name(provider.port, "", provider.service)
        for provider in mesh.tracers
        if provider.service in hosts and _has_port(hosts[provider.service].ports, provider.port)
    }


def _has_port(ports: Iterable[Any], number: int) -> bool:
    return any(port.number == number for port in ports)
