"""The trace store with 100,000 spans of Envoy's size: its memory, and how long queries take over HTTP."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from urllib.parse import urlencode

from tests.benchmarks.measurement import Measurement
from tests.embedded.addons.jaeger_process import jaeger_process
from tests.embedded.addons.jaeger_spans import as_otlp, traffic

_TRACES = 12_500  # of 8 spans
_BATCH = 100
_TIMES = 30
_MEGABYTE = 2**20
_QUERIES = {
    "services": "services",
    "a service's 20 newest": "traces?"
    + urlencode({"service": "productpage.default", "limit": 20, "start": 0}),
    "a service's 100 newest": "traces?" + urlencode({"service": "reviews.default", "limit": 100, "start": 0}),
    "20 failures": "traces?"
    + urlencode(
        {"service": "ratings.default", "tags": '{"http.status_code":"503"}', "limit": 20, "start": 0}
    ),
    "one in 3,000": "traces?"
    + urlencode({"service": "ratings.default", "tags": '{"response_size":"77"}', "limit": 20, "start": 0}),
    "slower than any": "traces?"
    + urlencode({"service": "reviews.default", "minDuration": "30ms", "start": 0}),
    "dependencies": "dependencies?" + urlencode({"endTs": 2 * 10**12, "lookback": 2 * 10**12}),
}


def measure() -> list[Measurement]:
    with jaeger_process() as (process, address):
        idle = process.memory_info().rss / _MEGABYTE
        seconds = _fill(f"http://{address}:4318/v1/traces", _TRACES)
        full = process.memory_info().rss / _MEGABYTE
        found = [
            Measurement("traces: store at rest, RSS", "MB", [idle], "40 MB"),
            Measurement("traces: grown by 100,000 spans", "MB", [full - idle], "50 MB"),
            Measurement("traces: taking a span", "us", [seconds / (_TRACES * 8) * 1e6]),
        ]
        for name, path in _QUERIES.items():
            found.append(
                Measurement(
                    f"traces: {name}", "ms", _time(f"http://{address}:16686/jaeger/api/{path}"), "100 ms"
                )
            )
        _fill(f"http://{address}:4318/v1/traces", _TRACES, seed=2)
        grown = process.memory_info().rss / _MEGABYTE
        found.append(
            Measurement(
                "traces: grown by 200,000 spans, of which 100,000 are kept", "MB", [grown - idle], "50 MB"
            )
        )
    return found


def _fill(url: str, traces: int, seed: int = 1) -> float:
    """Report spans as Envoys do; the seconds that the store needed for all of them."""
    batches, batch = [], []
    for index, spans in enumerate(traffic(traces, seed=seed)):
        batch += spans
        if index % _BATCH == _BATCH - 1:
            batches.append(as_otlp(batch))
            batch = []
    return sum(_timed(lambda body=body: _post(url, body)) for body in batches)


def _time(url: str) -> list[float]:
    """Milliseconds of each of some requests, the first one (which warms up) left out."""
    return [_timed(lambda: _open(url)) * 1000 for _ in range(_TIMES + 1)][1:]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _post(url: str, body: bytes) -> None:
    _open(urllib.request.Request(url, body, {"Content-Type": "application/x-protobuf"}))


def _open(request: str | urllib.request.Request) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        answer.read()
