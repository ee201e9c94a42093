"""Requests to other services: connections are kept open, and sent through `http_proxy` where there is one."""

import contextlib
import json
import os
import sys
import threading
import time

sys.modules["ssl"] = (
    None  # TLS is the sidecars' work; without it http.client loads in half the time and memory
)

from http.client import HTTPConnection, HTTPException  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402

TIMEOUT = float(os.environ.get("TIMEOUT", "10"))
PROXY = urlsplit(os.environ.get("http_proxy") or os.environ.get("HTTP_PROXY") or "")


class Pool:
    """Connections kept open between requests; each is used by one thread at a time."""

    def __init__(self):
        self.idle, self.lock = {}, threading.Lock()

    def request(self, method, url, headers, body=None, timeout=TIMEOUT):
        """(status, headers by lower-case name, body) of an answer.

        An idle connection may have been closed by the other side, so what fails on one is tried on the next,
        and at last on a new one. A request with a body is not tried twice: it may have had its effect.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url!r} is not an http:// URL")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = f"http://{parts.netloc}{path}" if PROXY.hostname else path
        place = (PROXY.hostname, PROXY.port or 80) if PROXY.hostname else (parts.hostname, parts.port or 80)
        headers = {"host": parts.netloc, **headers}
        while connection := self._take(place) if body is None else None:
            try:
                return self._exchange(connection, place, timeout, (method, target, body, headers))
            except TimeoutError:
                raise
            except (HTTPException, OSError):
                continue
        return self._exchange(HTTPConnection(*place), place, timeout, (method, target, body, headers))

    def _take(self, place):
        with self.lock:
            kept = self.idle.get(place)
            return kept.pop() if kept else None

    def _exchange(self, connection, place, timeout, request):
        connection.timeout = timeout
        if connection.sock:
            connection.sock.settimeout(timeout)
        try:
            connection.request(*request)
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        if not answer.will_close:
            with self.lock:
                self.idle.setdefault(place, []).append(connection)
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, content


POOL = Pool()


def call(service, path, headers):
    """What another service answers to GET: its JSON, or None, and the entry for this request's `calls`.

    `DETAILS_URL` and the like say where a service is; by default it is called by its short name, so that the
    rules for that name apply.
    """
    start = time.monotonic()
    value, entry = None, {"service": service, "status": 0}
    try:
        url = os.environ.get(f"{service.upper()}_URL", f"http://{service}:9080")
        status, answered, body = POOL.request("GET", url + path, headers)
        entry.update(
            status=status, version=answered.get("x-app-version", ""), pod=answered.get("x-app-pod", "")
        )
        if status != 200:
            entry["error"] = _sentence(body) or f"status {status}"
        elif not isinstance(value := json.loads(body), dict):
            value, entry["error"] = None, "the answer is not a JSON object"
    except (HTTPException, OSError, ValueError) as error:
        entry["error"] = f"{type(error).__name__}: {error}"[:200]
    entry["milliseconds"] = round((time.monotonic() - start) * 1000, 1)
    if value and value.get("calls"):
        entry["calls"] = value["calls"]
    return value, entry


def _sentence(body):
    """What went wrong: the `error` of our own answers, or the text, such as Envoy's."""
    text = body.decode("utf-8", "replace").strip()
    with contextlib.suppress(ValueError):
        value = json.loads(text)
        text = str(value.get("error", text)) if isinstance(value, dict) else text
    return text[:200]


def send(job):
    """Run a job `{url, n, method, headers, body, timeout, concurrency, rate}`; each answer, in the order they ended.

    `at` is seconds since the start of the job; `milliseconds` how long the answer took. ValueError says what is
    wrong with the job.
    """
    from concurrent.futures import ThreadPoolExecutor

    n, lanes = int(job.get("n", 1)), int(job.get("concurrency", 8))
    if not (0 < n <= 10_000 and 0 < lanes <= 100) or not isinstance(job.get("url"), str):
        raise ValueError("expected a url, n from 1 to 10000 and concurrency from 1 to 100")
    rate, start, results = float(job.get("rate") or 0), time.monotonic(), []

    def one(index):
        if rate > 0:
            time.sleep(max(0.0, start + index / rate - time.monotonic()))
        results.append(_outcome(job, start))

    with ThreadPoolExecutor(min(n, lanes)) as threads:
        list(threads.map(one, range(n)))
    return results


def _outcome(job, start):
    began = time.monotonic()
    result = {"status": 0, "at": round(began - start, 4)}
    body = job.get("body")
    try:
        wanted = {str(key): str(value) for key, value in (job.get("headers") or {}).items()}
        status, headers, content = POOL.request(
            str(job.get("method", "GET")),
            job["url"],
            wanted,
            body.encode() if isinstance(body, str) else None,
            float(job.get("timeout") or TIMEOUT),
        )
        result.update(
            status=status, **{key: headers.get(f"x-app-{key}", "") for key in ("service", "version", "pod")}
        )
        result["calls"] = [
            part.split("=", 1) for part in headers.get("x-app-calls", "").split(",") if "=" in part
        ]
        if status >= 400:
            result["error"] = _sentence(content)
    except (HTTPException, OSError, ValueError, AttributeError) as error:
        result["error"] = f"{type(error).__name__}: {error}"
    result["milliseconds"] = round((time.monotonic() - began) * 1000, 2)
    return result
