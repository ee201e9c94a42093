"""Prometheus' HTTP API, reached through the Kubernetes API server's service proxy: the same in both modes.

API: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from meshtutor.errors import ApiStatusError, QueryError
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import SERVICE
from meshtutor.telemetry.counters import seconds_of
from meshtutor.telemetry.results import Matrix, Sample, Series, Vector

NAMESPACE: Final = "istio-system"
SERVICE_NAME: Final = "prometheus"
PORT: Final = 9090
# of Envoy (port 15090), and of Istio's agent, which adds the application's own metrics (port 15020)
PROXY_PATH: Final = "/stats/prometheus"
_DEFAULT_INTERVAL: Final = 60.0  # Prometheus' own
_MANUAL: Final = "https://prometheus.io/docs/prometheus/latest/querying/basics/ explains the language"


class Prometheus:
    """Queries in PromQL; what comes back are values with a table in a notebook and text elsewhere."""

    def __init__(
        self, kube: KubeClient, namespace: str = NAMESPACE, service: str = SERVICE_NAME, port: int = PORT
    ) -> None:
        self._kube = kube
        self._base = proxy_path(SERVICE, namespace, service, port, "/api/v1")
        self._interval: float | None = None

    def query(self, promql: str, at: float | None = None, timeout: float = 10.0) -> Vector:
        """The value of an expression now, or `at` seconds since the epoch; a scalar has no labels."""
        params = {"query": promql} | ({"time": at} if at is not None else {})
        data = self._get("/query", params, timeout)
        if data["resultType"] == "matrix":
            raise QueryError(
                f"{promql!r} gives raw samples over time, not one value each.",
                "Use query_range or samples, or wrap it in rate(...)",
            )
        found = (
            [{"metric": {}, "value": data["result"]}]
            if data["resultType"] in ("scalar", "string")
            else data["result"]
        )
        return Vector(promql, tuple(_sample(item) for item in found))

    def samples(self, selector: str, window: str, at: float | None = None) -> Matrix:
        """The raw samples of a selector during the last `window` (as `30s`), without interpolation."""
        params = {"query": f"{selector}[{window}]"} | ({"time": at} if at is not None else {})
        return _matrix(selector, self._get("/query", params, 10.0)["result"])

    def query_range(
        self,
        promql: str,
        seconds: float = 60.0,
        step: float = 1.0,
        end: float | None = None,
        timeout: float = 10.0,
    ) -> Matrix:
        """The values of an expression during the last `seconds`, every `step` seconds."""
        stop = time.time() if end is None else end
        params = {"query": promql, "start": stop - seconds, "end": stop, "step": step}
        return _matrix(promql, self._get("/query_range", params, timeout)["result"])

    def series(self, *selectors: str) -> list[dict[str, str]]:
        """The label sets that match a selector such as `istio_requests_total{reporter="source"}`."""
        found: list[dict[str, str]] = self._get("/series", {"match[]": list(selectors)}, 10.0)
        return found

    @property
    def scrape_interval(self) -> float:
        """The time between two scrapes of a proxy, in seconds: of the one that is scraped most rarely.

        What else Prometheus scrapes does not count (Istio's add-on has jobs of 5 minutes for pods that ask for it).
        Before it has found a proxy it is what holds for every job that says nothing else.
        """
        if self._interval is None:
            self._interval = max(self._proxies_intervals().values(), default=None)
        return self._interval or self._global_interval

    def _proxies_intervals(self) -> dict[str, float]:
        """By the address of a proxy; the shortest where two jobs scrape the same."""
        found: dict[str, float] = {}
        for target in self._get("/targets", {"state": "active"}, 10.0)["activeTargets"]:
            url = urlsplit(target["scrapeUrl"])
            if url.path == PROXY_PATH:
                seconds = seconds_of(target["scrapeInterval"])
                found[url.netloc] = min(seconds, found.get(url.netloc, seconds))
        return found

    @cached_property
    def _global_interval(self) -> float:
        config = yaml.safe_load(self._get("/status/config", {}, 5.0)["yaml"])
        named = (config.get("global") or {}).get("scrape_interval")
        return seconds_of(named) if named else _DEFAULT_INTERVAL

    def now(self) -> float:
        """Prometheus' own clock, seconds since the epoch: timestamps of samples are in it."""
        return float(self._get("/query", {"query": "time()"}, 5.0)["result"][0])

    @cached_property
    def major(self) -> int:
        """Its major version; 2 and 3 differ in which samples a window contains."""
        return int(str(self._get("/status/buildinfo", {}, 5.0)["version"]).split(".", 1)[0])

    def _get(self, path: str, params: Mapping[str, Any], timeout: float) -> Any:
        try:
            answer = self._kube.request("GET", self._base + path, params=params, timeout=timeout).json()
        except ApiStatusError as error:
            raise _query_error(error, params.get("query", "")) from error
        return answer["data"]


def _query_error(error: ApiStatusError, promql: str) -> QueryError:
    if error.code not in (400, 422):
        return QueryError(
            f"Prometheus does not answer: {error.message}", "meshtutor status shows whether its pod is ready"
        )
    try:
        text = str(json.loads(error.status["body"])["error"])
    except (ValueError, KeyError, TypeError):
        text = error.message
    return QueryError(f"Prometheus refused {promql!r}: {text}", _MANUAL)


def _sample(item: Mapping[str, Any]) -> Sample:
    when, value = item["value"]
    return Sample(dict(item["metric"]), float(value), float(when))


def _matrix(promql: str, found: Sequence[Mapping[str, Any]]) -> Matrix:
    return Matrix(
        promql,
        tuple(Series(dict(s["metric"]), tuple((float(t), float(v)) for t, v in s["values"])) for s in found),
    )
