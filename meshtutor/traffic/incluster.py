"""Sending from inside a real cluster, where this machine cannot reach a pod's sidecar.

The study's `client` pod has POST /send, which is reached through the API server's `pods/NAME:PORT/proxy`; its
own sidecar captures what it sends. One call sends one batch, so that progress shows and a deadline holds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from meshtutor.errors import ApiStatusError, MeshtutorError
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import POD
from meshtutor.traffic.outcome import Outcome, Request
from meshtutor.traffic.sender import OnDone

CLIENT_PORT: Final = 9080
_BATCH: Final = 200


class ClientPodSender:
    """Sends from a pod that runs the study's application, by its POST /send."""

    def __init__(self, kube: KubeClient, namespace: str, pod: str, port: int = CLIENT_PORT) -> None:
        self._kube = kube
        self._path = proxy_path(POD, namespace, pod, port, "/send")
        self._pod = pod

    def send(
        self,
        request: Request,
        n: int,
        *,
        concurrency: int = 8,
        rate: float | None = None,
        on_done: OnDone | None = None,
    ) -> list[Outcome]:
        """See `Sender.send`."""
        outcomes: list[Outcome] = []
        for size in _batches(n, rate):
            outcomes += self._send(request, size, concurrency, rate)
            if on_done:
                on_done(len(outcomes))
        return outcomes

    def batch(self, rate: float) -> int:
        """A second's worth: each call goes through the API server."""
        return max(1, round(rate))

    def close(self) -> None:
        """Nothing is held open: the API server's connection belongs to the mesh."""

    def _send(self, request: Request, n: int, concurrency: int, rate: float | None) -> list[Outcome]:
        body = {
            "url": request.url, "method": request.method, "headers": dict(request.headers), "n": n,
            "body": request.body, "timeout": request.timeout, "concurrency": concurrency, "rate": rate,
        }  # fmt: skip
        deadline = request.timeout * (n / max(1, concurrency) + 1) + (n / rate if rate else 0.0)
        begun = time.time()
        try:
            answer = self._kube.request("POST", self._path, body=body, timeout=deadline + 5).json()
        except ApiStatusError as error:
            raise MeshtutorError(
                f"Pod {self._pod} could not send: {error.message}",
                "from_pod= must name a pod of the study's application",
            ) from error
        return [_outcome(result, begun) for result in answer["results"]]


def _batches(n: int, rate: float | None) -> Iterator[int]:
    size = max(1, min(_BATCH, round(rate))) if rate else _BATCH
    for start in range(0, n, size):
        yield min(size, n - start)


def _outcome(result: Mapping[str, Any], begun: float) -> Outcome:
    return Outcome(
        status=int(result.get("status", 0)),
        milliseconds=float(result.get("milliseconds", 0.0)),
        at=begun + float(result.get("at", 0.0)),
        service=str(result.get("service", "")),
        version=str(result.get("version", "")),
        pod=str(result.get("pod", "")),
        error=str(result.get("error", "")),
        calls=tuple((str(s), str(v)) for s, v in result.get("calls", ())),
    )
