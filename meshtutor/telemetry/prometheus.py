"""Prometheus' HTTP API, reached through the Kubernetes API server's service proxy: the same in both modes.

API: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import yaml

from meshtutor.errors import ApiStatusError, QueryError
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import SERVICE
from meshtutor.telemetry.counters import seconds_of
from meshtutor.telemetry.results import Matrix, Sample, Series, Vector

NAMESPACE: Final = "istio-system"
SERVICE_NAME: Final = "prometheus"
PORT: Final = 9090
_DEFAULT_INTERVAL: Final = 60.0
_MANUAL: Final = "https://prometheus.io/docs/prometheus/latest/querying/basics/ explains the language"


class Prometheus:
    """Queries in PromQL; what comes back are values with a table in a notebook and text elsewhere."""

    def __init__(
        self, kube: KubeClient, namespace: str = NAMESPACE, service: str = SERVICE_NAME, port: int = PORT
    ) -> None:
        self._kube = kube
        self._base = proxy_path(SERVICE, namespace, service, port, "/api/v1")

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

    @cached_property
    def scrape_interval(self) -> float:
        """The longest time between two scrapes that its configuration names, in seconds; 60 is its own default."""
        config = yaml.safe_load(self._get("/status/config", {}, 5.0)["yaml"])
        places = [config.get("global") or {}, *(config.get("scrape_configs") or ())]
        named = [place["scrape_interval"] for place in places if "scrape_interval" in place]
        return max(map(seconds_of, named), default=_DEFAULT_INTERVAL)

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
