"""Jaeger's query API, reached through the Kubernetes API server's service proxy: the same in both modes.

API: jaegertracing.io, "APIs", HTTP JSON. Istio's add-on serves it as Service `tracing`, below `/jaeger`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from meshtutor.errors import ApiStatusError, NotReadyError, QueryError
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import SERVICE
from meshtutor.telemetry.trace import Trace
from meshtutor.telemetry.traces import Traces

NAMESPACE: Final = "istio-system"
SERVICE_NAME: Final = "tracing"
PORT: Final = 80
BASE_PATH: Final = "/jaeger/api"
Get = Callable[[str, Mapping[str, Any]], Any]
"""(path below /api, parameters) -> the answer's JSON; ApiStatusError, its body in `status["body"]`, if refused."""
_PAUSE: Final = 0.1
_SAMPLED: Final = (
    "Is the request sampled? A Telemetry object with tracing.randomSamplingPercentage: 100 traces all of them."
)  # fmt: skip
_PER_SECOND: Final = 1_000_000


def through(
    kube: KubeClient, namespace: str = NAMESPACE, service: str = SERVICE_NAME, port: int = PORT
) -> Get:
    """The getter that goes through the API server to the Service of Istio's add-on."""
    base = proxy_path(SERVICE, namespace, service, port, BASE_PATH)

    def get(path: str, parameters: Mapping[str, Any]) -> Any:
        return kube.request("GET", base + path, params=parameters).json()

    return get


class Jaeger:
    """Traces by their id or by what is in them; `settle`: so long after a request all proxies have reported it."""

    def __init__(self, get: Get, clock: Callable[[], float] = time.time, *, settle: float = 1.0) -> None:
        self._get_json = get
        self._clock = clock
        self._settle = settle

    def services(self) -> list[str]:
        """The services that have reported spans, as `reviews.default`."""
        return sorted(self._get("/services", {}))

    def operations(self, service: str) -> list[str]:
        """The names of a service's spans."""
        return sorted({found["name"] for found in self._get("/operations", {"service": service})})

    def search(
        self,
        service: str,
        *,
        operation: str = "",
        tags: Mapping[str, str] | None = None,
        seconds: float = 3600.0,
        slower_than: float = 0.0,
        faster_than: float = 0.0,
        limit: int = 20,
    ) -> Traces:
        """The newest traces with a span that fits all of it.

        `service` as `reviews.default`; a span lasted more than `slower_than` and less than `faster_than` ms;
        `tags` as `{"http.status_code": "503"}`; `seconds` is how far to look back.
        """
        now = int(self._clock() * _PER_SECOND)
        wanted = {
            "operation": operation,
            "tags": json.dumps(dict(tags)) if tags else "",
            "minDuration": f"{round(slower_than * 1000)}us" if slower_than else "",
            "maxDuration": f"{round(faster_than * 1000)}us" if faster_than else "",
        }
        parameters = {
            "service": service,
            "start": now - round(seconds * _PER_SECOND),
            "end": now,
            "limit": limit,
        }
        said = {key: value for key, value in wanted.items() if value}
        found = [
            Trace.read(trace) for trace in self._get("/traces", {**parameters, **said}) if trace["spans"]
        ]
        asked = " ".join([f"traces of {service}", *(f"{key}={value}" for key, value in said.items())])
        return Traces(asked, tuple(sorted(found, key=lambda trace: trace.start, reverse=True)))

    def wait_for(
        self, service: str, at_least: int = 1, timeout: float = 15.0, *, seconds: float = 3600.0, **what: Any
    ) -> Traces:
        """What `search` finds (`what` as there), once there are so many: proxies report with a delay. NotReadyError.

        `seconds` is how far to look back from now; what begins during the waiting is found, too.
        """
        deadline, start = time.monotonic() + timeout, self._clock() - seconds
        while len(found := self.search(service, seconds=self._clock() - start, **what)) < at_least:
            if time.monotonic() > deadline:
                raise NotReadyError(f"After {timeout:g} s there are {len(found)} {found.asked}.", _SAMPLED)
            time.sleep(_PAUSE)
        return found

    def trace(self, trace_id: str) -> Trace:
        """One trace; QueryError if it is not (or no longer) there."""
        return Trace.read(self._get(f"/traces/{trace_id}", {})[0])

    def wait(
        self,
        trace_id: str,
        timeout: float = 10.0,
        *,
        settle: float | None = None,
        complete: Callable[[Trace], bool] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> Trace:
        """One trace, once all proxies have reported: when it is `complete`, else when it has settled.

        It has when for `settle` seconds it did not grow, or its request was over: each proxy reports what it has in
        intervals, of half a second in the embedded mesh, by Envoy's default of 5 (the mesh knows which holds).
        NotReadyError after `timeout` seconds if nothing came.
        """
        deadline = time.monotonic() + timeout
        settled = complete or _Settled(self._settle if settle is None else settle, self._clock)
        found: Trace | None = None
        while time.monotonic() < deadline:
            found = self._maybe(trace_id) or found
            if found is not None and settled(found):
                return found
            pause(_PAUSE)
        if found is not None and complete is None:
            return found
        raise NotReadyError(
            f"Trace {trace_id} is not complete after {timeout:g} s ({len(found.spans) if found else 0} spans came).",
            _SAMPLED,
        )

    def _maybe(self, trace_id: str) -> Trace | None:
        try:
            return self.trace(trace_id)
        except QueryError as error:
            if isinstance(error.__cause__, ApiStatusError) and error.__cause__.code == 404:
                return None
            raise

    def calls(self, seconds: float = 3600.0) -> dict[tuple[str, str], int]:
        """(caller, called) -> how many calls the traces of the last `seconds` show."""
        parameters = {"endTs": round(self._clock() * 1000), "lookback": round(seconds * 1000)}
        return {
            (link["parent"], link["child"]): link["callCount"]
            for link in self._get("/dependencies", parameters)
        }

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Any:
        try:
            answer = self._get_json(path, parameters)
        except ApiStatusError as error:
            raise _query_error(error) from error
        return answer["data"] or []


class _Settled:
    """Whether a trace has had the same number of spans for so many seconds, or its request was over for as long."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._spans = 0
        self._since = 0.0

    def __call__(self, trace: Trace) -> bool:
        if len(trace.spans) != self._spans:
            self._spans, self._since = len(trace.spans), time.monotonic()
        return max(time.monotonic() - self._since, self._over(trace)) >= self._seconds

    def _over(self, trace: Trace) -> float:
        """For how many seconds; 0 while the span that began it has not come, which ends last."""
        if trace.root.parent:
            return 0.0
        return self._clock() - trace.start - trace.milliseconds / 1000


def _query_error(error: ApiStatusError) -> QueryError:
    try:
        said = str(json.loads(error.status["body"])["errors"][0]["msg"])
    except (ValueError, KeyError, TypeError, IndexError):
        return QueryError(
            f"Jaeger does not answer: {error.message}",
            "meshtutor status shows whether its pod is ready; on a real cluster, is Istio's add-on jaeger installed?",
        )
    return QueryError(
        f"Jaeger refused: {said}", "jaeger.services() lists what it knows; older traces are dropped"
    )
