"""A real Prometheus of a test's own, into which the test writes any samples it likes.

They go in by remote write (https://prometheus.io/docs/specs/prw/remote_write_spec/): protobuf in a snappy block. Both
are written by hand here, because snappy allows a block that is all literals, and the message has four fields.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from meshtutor.embedded.addons.binaries import get_prometheus


class RunningPrometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def major(self) -> int:
        return int(self.get("/status/buildinfo")["version"].split(".")[0])

    def write(self, labels: Mapping[str, str], points: Sequence[tuple[float, float]]) -> None:
        """One series; points are (seconds since the epoch, value), oldest first."""
        pairs = b"".join(
            _field(1, _field(1, k.encode()) + _field(2, v.encode())) for k, v in sorted(labels.items())
        )
        samples = b"".join(
            _field(2, b"\x09" + struct.pack("<d", v) + b"\x10" + _varint(round(t * 1000))) for t, v in points
        )
        request = urllib.request.Request(
            f"{self.url}/api/v1/write",
            _snappy(_field(1, pairs + samples)),
            {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
             "X-Prometheus-Remote-Write-Version": "0.1.0"},
        )  # fmt: skip
        urllib.request.urlopen(request, timeout=10).read()

    def value(self, promql: str, at: float) -> float | None:
        """The one value of an expression; None if there is none."""
        found = self.get("/query", query=promql, time=f"{at:.3f}")["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def get(self, path: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1{path}?{urllib.parse.urlencode(parameters)}"
        return json.loads(urllib.request.urlopen(url, timeout=10).read())["data"]


@contextmanager
def running(folder: Path) -> Iterator[RunningPrometheus]:
    """It scrapes nothing, keeps its data in `folder`, and ends with the block."""
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [str(get_prometheus()), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder}",
               f"--web.listen-address={place}", "--web.enable-remote-write-receiver", "--log.level=warn"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
    try:
        _wait(f"http://{place}/-/ready", process)
        yield RunningPrometheus(f"http://{place}")
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 30
    while True:
        assert process.poll() is None, process.stderr.read().decode()
        try:
            urllib.request.urlopen(url, timeout=2).read()
        except OSError:
            assert time.monotonic() < deadline, "Prometheus was not ready within 30 s"
            time.sleep(0.05)
        else:
            return


def _sample(when: float, value: float) -> bytes:
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(when * 1000))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _snappy(content: bytes) -> bytes:
    chunks = (content[i : i + 60] for i in range(0, len(content), 60))
    return _varint(len(content)) + b"".join(bytes([(len(chunk) - 1) << 2]) + chunk for chunk in chunks)
