"""Whether a port of this machine is free, and who has it."""

from __future__ import annotations

import socket
from contextlib import closing

import psutil


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens there (a port that was just given back counts as free)."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def owner(port: int) -> str:
    """The program that listens at a port, as far as this user may know it."""
    try:
        listeners = (
            c
            for c in psutil.net_connections("tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port
        )
        pid = next(c.pid for c in listeners if c.pid)
        words = psutil.Process(pid).cmdline()
    except (StopIteration, psutil.Error):
        return "another program"
    return "a lab of meshtutor's" if "meshtutor.embedded" in words else f"{' '.join(words[:4])} (pid {pid})"


def first_free(start: int, count: int = 100) -> int:
    """The first free port from `start` on; 0 (any) if none of `count` is."""
    return next((port for port in range(start, start + count) if is_free(port)), 0)
