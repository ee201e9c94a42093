"""Requests to this pod: HTTP/1.1 with connections kept open, JSON or HTML out, one log line each, a calm end."""

import contextlib
import json
import os
import signal
import socketserver
import sys
import threading
import time

sys.modules["ssl"] = None  # see calls.py

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: E402
from urllib.parse import unquote  # noqa: E402

TRACE_HEADERS = (
    "x-request-id", "traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid",
    "x-b3-sampled", "x-b3-flags", "end-user",
)  # fmt: skip
BIGGEST_BODY = 1 << 20
# A thread per connection: with the usual 8 MiB of stack each, 128 MiB of memory would be thirty connections.
threading.stack_size(512 * 1024)
QUIET, LONGEST = 0.2, 5.0  # seconds: a pod that was told to stop waits for calls that are on their way


class RefusedError(Exception):
    """An answer other than 200: (status, sentence)."""


class Handler(BaseHTTPRequestHandler):
    """One connection. `app.routes` maps (method, first path segments) to functions; see `Server`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for headers and body
    disable_nagle_algorithm = True
    timeout = 600  # seconds that an idle connection is kept

    def answer(self):
        """Read the request, find its function, and send what that returns: (dict or page, calls)."""
        began = time.monotonic()
        self.status, self.extra_headers, calls = 200, [], []
        try:
            self.body = self._read_body()
            content, calls = self.server.dispatch(self)
        except (RefusedError, ValueError) as error:
            self.status, text = error.args if isinstance(error, RefusedError) else (400, str(error))
            content = {"error": text}
        except Exception as error:  # a pod answers 500 and lives on
            self.status, content = 500, {"error": f"{type(error).__name__}: {error}"}
        self._send(content, calls)
        if self.path != "/health":
            self._log(began)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer  # noqa: N815

    @property
    def forwarded(self):
        """The headers that make one trace of all calls, and end-user, which rules can match."""
        found = {name: self.headers[name] for name in TRACE_HEADERS if self.headers[name]}
        return (
            {**found, "end-user": self.user.encode("latin-1", "replace").decode("latin-1")}
            if self.user
            else found
        )

    @property
    def user(self):
        """Who is signed in, by the cookie or by the header end-user."""
        cookies = dict(part.strip().partition("=")[::2] for part in (self.headers["cookie"] or "").split(";"))
        named = unquote(cookies.get("user", "")) or self.headers["end-user"] or ""
        return "".join(letter for letter in named if letter.isprintable())[:40]

    def json(self):
        """The body as a JSON object, or ValueError."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("expected a JSON object")  # noqa: TRY004 - it is the caller's value
        return value

    def _read_body(self):
        if (self.headers["transfer-encoding"] or "").lower() == "chunked":
            return b"".join(self._chunks())
        length = self.headers["content-length"] or "0"
        return self.rfile.read(self._bounded(int(length) if length.isdigit() else -1))

    def _chunks(self):
        """The parts of a body whose length is not known beforehand (RFC 9112, 7.1)."""
        total = 0
        while size := self._bounded(self._chunk_size(), total):
            total += size
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers say nothing to us

    def _chunk_size(self):
        digits = self.rfile.readline(1000).partition(b";")[0].strip()
        return (
            int(digits, 16) if digits and all(digit in b"0123456789abcdefABCDEF" for digit in digits) else -1
        )

    def _bounded(self, size, so_far=0):
        """`size`, unless it makes no sense: then where the next request begins is not known either."""
        if size < 0 or so_far + size > BIGGEST_BODY:
            self.close_connection = True
            raise RefusedError(413, f"expected a body of at most {BIGGEST_BODY} bytes, well framed")
        return size

    def _send(self, content, calls):
        server = self.server
        page = isinstance(content, str)
        if not page:
            content = json.dumps({"service": server.service, "version": server.version, "pod": server.pod, **content,
                                  "calls": calls})  # fmt: skip
        data = content.encode()
        self.send_response(self.status)
        self.send_header("content-type", "text/html; charset=utf-8" if page else "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in (("service", server.service), ("version", server.version), ("pod", server.pod)):
            self.send_header(f"x-app-{name}", value)
        if calls:
            self.send_header(
                "x-app-calls", ",".join(f"{c['service']}={c.get('version', '')}" for c in flat(calls))
            )
        for name, value in self.extra_headers:
            self.send_header(name, value)
        if server.stopping or self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _log(self, began):
        trace = self.headers["traceparent"] or ""
        known = {
            "request_id": self.headers["x-request-id"],
            "trace_id": trace.split("-")[1] if trace.count("-") == 3 else self.headers["x-b3-traceid"],
            "user": self.user,
        }
        more = "".join(f" {key}={json.dumps(value)}" for key, value in known.items() if value)
        took = (time.monotonic() - began) * 1000
        log(f"method={self.command} path={json.dumps(self.path)} status={self.status} ms={took:.1f}{more}")

    def send_error(self, code, message=None, *_):
        """What the HTTP parser could not read, in our form."""
        self.status, self.extra_headers, self.close_connection = code, [], True
        self._send({"error": message or self.responses.get(code, ("",))[0]}, [])

    def version_string(self):
        """The header `server`."""
        return "bookinfo"

    def log_message(self, *args):
        """Nothing: `_log` writes the lines."""


class Server(ThreadingHTTPServer):
    """A thread for each connection. `dispatch(request)` returns (content, calls) or raises RefusedError."""

    daemon_threads = True
    request_queue_size = 256
    stopping = False

    def __init__(self, address, dispatch, service, version, pod):
        self.dispatch, self.service, self.version, self.pod = self._count(dispatch), service, version, pod
        self.active, self.last, self.lock = 0, 0.0, threading.Lock()
        super().__init__(address, Handler)

    def server_bind(self):
        """Without HTTPServer's look-up of the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, *_):
        """A connection that broke is no news; anything else is one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log(f"level=error error={json.dumps(f'{type(error).__name__}: {error}')}")

    def run(self):
        """Serve until SIGTERM or SIGINT, and then as long as calls are on their way."""
        signals = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        threading.Thread(target=self.serve_forever, args=(60,), daemon=True).start()
        where = f"{self.server_name}:{self.server_port}"
        log(f"level=info service={self.service} version={self.version} listening={where}")
        signal.sigwait(signals)
        self.stopping, self.last = True, time.monotonic()
        deadline = self.last + LONGEST
        while time.monotonic() < deadline and (self.active or time.monotonic() - self.last < QUIET):
            time.sleep(0.02)
        log("level=info stopped")

    def _count(self, dispatch):
        def counted(request):
            with self.lock:
                self.active += 1
            try:
                return dispatch(request)
            finally:
                with self.lock:
                    self.active -= 1
                    self.last = time.monotonic()

        return counted


def flat(calls):
    """All calls, and the calls that they caused."""
    for entry in calls:
        yield entry
        yield from flat(entry.get("calls", ()))


def log(text):
    """One line to standard output; a full disk must not stop the pod."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    with contextlib.suppress(OSError):
        os.write(1, f"{stamp}Z {text}\n".encode())
