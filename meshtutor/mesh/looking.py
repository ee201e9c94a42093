"""The part of `Mesh` that looks: what the metrics say, where pods run. It sends nothing and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any

from meshtutor.kube import kinds, reach
from meshtutor.kube.client import KubeClient
from meshtutor.mesh import dashboards, finding
from meshtutor.mesh.counting import Counting, counting
from meshtutor.mesh.places import Places, places_of
from meshtutor.providers.base import Provider
from meshtutor.telemetry.graph import Graph, read_graph
from meshtutor.telemetry.istio import count_requests, patience, wait_for_scrape
from meshtutor.telemetry.prometheus import Prometheus
from meshtutor.telemetry.results import Vector
from meshtutor.telemetry.signals import Board, read_signals
from meshtutor.traffic.tally import Tally


class Looking:
    """The verbs for metrics and places; `Mesh` brings what they look at."""

    api: KubeClient
    namespace: str
    prometheus: Prometheus
    provider: Provider
    panels: dict[str, Callable[[], Any]]

    def share(
        self, service: str, by: str = "version", window: str | float = "10s", *, source: str = "",
        reporter: str = "source",
    ) -> Tally:  # fmt: skip
        """What Prometheus counted of a service's requests in the last `window`, by version or another label.

        Counted by the callers' sidecars, once per request; with `reporter="destination"` by the service's own, once per
        try, copies (mirrors) included. `source` limits it to one calling workload. Each share has its 95 % interval.
        """
        counted = count_requests(
            self.prometheus, service, self.namespace, by, window, source=source, reporter=reporter
        )
        return Tally(counted.counts, by)

    def counting(self, service: str) -> AbstractContextManager[Counting]:
        """Count what reaches a service during a `with` block, by the servers' own sidecars, which see copies, too.

        Their metrics pages are read at once, so that nobody has to wait for Prometheus.

        >>> with mesh.counting("reviews") as counted:
        ...     mesh.send("reviews", n=100)
        >>> counted.versions
        """
        return counting(self.api, service, self.namespace)

    def places(self, labels: str = "") -> Places:
        """In which region and zone the namespace's pods run; `labels` is a selector such as `app=reviews`.

        ApiStatusError where the nodes may not be read, as where learners may see their namespace only.
        """
        return places_of(self.api.list(kinds.POD, self.namespace, labels), self.api.list(kinds.NODE))

    def graph(self, window: str | float = "60s", namespaces: Collection[str] = ()) -> Graph:
        """Who called whom in the last `window`: nodes and edges with rates, errors, p95 and mutual TLS, as in Kiali.

        `namespaces` default to the learner's; callers and callees from elsewhere (the gateway) come with them. An
        empty graph says why in its `notes`.
        """
        return read_graph(self.prometheus, self.api, tuple(namespaces) or (self.namespace,), window)

    def dashboard(self, name: str) -> Any:
        """Kiali, Grafana, Jaeger or Prometheus: a link to the real one where it runs, else a panel that shows the same.

        `name` in any case. On a cluster a port-forward is kept for it until `meshtutor down`. MeshtutorError if there
        is neither.
        """
        return dashboards.dashboard(self.provider, name, self.panels)

    def signals(self, service: str = "", seconds: float = 60.0) -> Board:
        """Rate, errors, latency and bytes of every service, or of one and its workloads, in the last `seconds`."""
        return read_signals(self.prometheus, self.namespace, seconds, service)

    def wait_for_metrics(
        self, promql: str | None = None, at_least: float = 0.0, timeout: float | None = None
    ) -> Vector | None:
        """Wait until Prometheus knows what has been sent so far: until each proxy was scraped once more.

        With `promql`, until the sum of its values is `at_least` that much; its result. NotReadyError after
        `timeout` seconds; if it is None, after the time for two scrapes, however rare they are in this mesh.
        """
        timeout = patience(self.prometheus) if timeout is None else timeout
        if promql is None:
            place = self.provider.gateway_place
            gateways = reach.list_if_shown(self.api, kinds.POD, place.namespace, place.labels)
            pods = finding.scraped([*self.api.list(kinds.POD, self.namespace), *gateways])
            wait_for_scrape(self.prometheus, timeout, time.sleep, pods)
            return None
        return finding.wait_for_value(self.prometheus, promql, at_least, timeout)
