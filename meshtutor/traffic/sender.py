"""Sending n requests from this machine: directly, or through the forward proxy of a pod's sidecar.

urllib3 (below requests) keeps the connections, because a learner's n may be 10,000 and requests' own work per
call would be most of the cost. A worker is a thread; with `rate` the n-th request is due at n/rate seconds,
whatever the answers take, as long as a worker is free (an open loop, bounded by `concurrency`).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import urllib3

from meshtutor.errors import MeshtutorError
from meshtutor.traffic.outcome import Outcome, Request, read

OnDone = Callable[[int], None]
_MOST_CONNECTIONS: Final = 64


class Sender(Protocol):
    """Something that can send a request many times."""

    def send(
        self,
        request: Request,
        n: int,
        *,
        concurrency: int = 8,
        rate: float | None = None,
        on_done: OnDone | None = None,
    ) -> list[Outcome]:
        """Send `n` times, at most `concurrency` at once and `rate` per second; in the order of sending."""
        ...

    def batch(self, rate: float) -> int:
        """How many requests a background load of `rate` per second should ask for at once."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


@dataclass(frozen=True)
class Lane:
    """How requests for one URL travel.

    `target` goes into the request line: a path, or through a proxy the whole URL (RFC 9112, section 3.2). `once`: a
    connection of its own for each request, because what is at the other end takes only one on each.
    """

    pool: urllib3.HTTPConnectionPool
    target: str
    headers: Mapping[str, str]
    once: bool = False


class LocalSender:
    """Sends from this machine; through `proxy` (`http://IP:PORT`) as the pod whose sidecar listens there.

    A proxy with a name (`http://NAMESPACE:...@IP:PORT`) is a node's, for pods without a sidecar: it is told the name
    and takes one request on each connection.
    """

    def __init__(self, proxy: str | None = None) -> None:
        self.proxy = proxy
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}
        self._lock = threading.Lock()

    def send(
        self,
        request: Request,
        n: int,
        *,
        concurrency: int = 8,
        rate: float | None = None,
        on_done: OnDone | None = None,
    ) -> list[Outcome]:
        """See `Sender.send`. Ctrl-C ends the workers before it is raised."""
        lane = self._lane(request.url)
        outcomes: list[Outcome | None] = [None] * n
        stop = threading.Event()
        turns = _turns(n, rate, stop)
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    turn = next(turns, None)
                if turn is None:
                    return
                outcomes[turn] = send_one(lane, request)

        _run(
            work, min(concurrency, n), stop, lambda: sum(outcome is not None for outcome in outcomes), on_done
        )
        return [outcome for outcome in outcomes if outcome is not None]

    def batch(self, rate: float) -> int:
        """One: the sidecar is on this machine."""
        del rate
        return 1

    def close(self) -> None:
        """Give the connections back."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _lane(self, url: str) -> Lane:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise MeshtutorError(
                f"{url!r} is not a URL that can be sent to.", "Expected: http://HOST[:PORT]/PATH"
            )
        if not self.proxy:
            return Lane(self._pool(f"{parts.scheme}://{parts.netloc}"), _path_of(url), {})
        if parts.scheme == "https":
            raise MeshtutorError(
                "From a pod only http:// can be sent: its sidecar sees requests, not tunnels.",
                f"Send to http://{parts.netloc}",
            )
        name, _, place = urlsplit(self.proxy).netloc.rpartition("@")
        headers = urllib3.make_headers(proxy_basic_auth=name) if name else {}
        return Lane(self._pool(f"http://{place}"), url, headers, once=bool(name))

    def _pool(self, origin: str) -> urllib3.HTTPConnectionPool:
        with self._lock:
            if origin not in self._pools:
                self._pools[origin] = urllib3.connection_from_url(origin, maxsize=_MOST_CONNECTIONS)
            return self._pools[origin]


def send_one(lane: Lane, request: Request) -> Outcome:
    """Send once. A failure to get an answer is an Outcome, too; redirects are not followed."""
    at, started = time.time(), time.perf_counter()
    pool = urllib3.HTTPConnectionPool(lane.pool.host, lane.pool.port) if lane.once else lane.pool
    try:
        answer = pool.urlopen(
            request.method, lane.target, body=request.payload(), headers={**request.headers, **lane.headers},
            retries=False, redirect=False, assert_same_host=False, timeout=urllib3.Timeout(total=request.timeout),
        )  # fmt: skip
    except urllib3.exceptions.HTTPError as error:
        return Outcome(0, (time.perf_counter() - started) * 1000, at, error=_sentence(error, request))
    finally:
        if lane.once:
            pool.close()
    taken = (time.perf_counter() - started) * 1000
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return read(answer.status, headers, answer.data, taken, at)


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _turns(n: int, rate: float | None, stop: threading.Event) -> Iterator[int]:
    """0, 1, 2 ... n-1, each not before it is due; ends early when `stop` is set."""
    started = time.monotonic()
    for turn in itertools.takewhile(lambda i: i < n, itertools.count()):
        delay = started + turn / rate - time.monotonic() if rate else 0.0
        if stop.wait(delay) if delay > 0 else stop.is_set():
            return
        yield turn


def _run(
    work: Callable[[], None],
    workers: int,
    stop: threading.Event,
    done: Callable[[], int],
    on_done: OnDone | None,
) -> None:
    if workers == 1 and on_done is None:
        work()
        return
    threads = [threading.Thread(target=work, daemon=True, name="meshtutor-send") for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
                if on_done:
                    on_done(done())
    except BaseException:
        stop.set()
        raise


def _sentence(error: urllib3.exceptions.HTTPError, request: Request) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return f"connection refused by {urlsplit(request.url).netloc or request.url}"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return f"no answer within {request.timeout:g} s"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection was closed without an answer"
    return str(error)
