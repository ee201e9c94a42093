"""A port-forward that outlives the command that made it: `localhost:PORT` -> the ingress gateway's pod, or an add-on's.

Runs as a process of its own (`python -m meshtutor.providers.context.forwarder DIRECTORY NAME`). Each connection goes
to a pod that is ready now, so it survives restarts of the pod, which `kubectl port-forward` does not. It holds an
advisory lock on DIRECTORY/NAME.lock while it runs (NAME is `forward` for the gateway), binds loopback only, and ends
by itself when its lab's record is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import psutil

from meshtutor.errors import LabError, MeshtutorError
from meshtutor.files import write_private
from meshtutor.providers import ports

GATEWAY: Final = "forward"
_FIRST_PORT: Final = 8000
_START_SECONDS: Final = 15.0
_CHECK_SECONDS: Final = 2.0


def ensure(directory: Path, target: dict[str, Any], name: str = GATEWAY, wish: int = _FIRST_PORT) -> int:
    """The local port of this lab's port-forward of a name, which is started if it does not run.

    `target`: kubeconfig, context, namespace, labels (of the pods) and port (the container's); `wish` is the first
    port to try.
    """
    if (known := _running(directory, name)) is not None:
        if known["target"] == target:
            return int(known["port"])
        end(directory, name)
    wish = int((_read(directory, name) or {}).get("port", wish))
    write_private(directory / f"{name}.json", json.dumps({"target": target, "port": ports.first_free(wish)}))
    with (directory / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(directory), name],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while (known := _running(directory, name)) is None or "pid" not in known:
        if process.poll() is not None or time.monotonic() > deadline:
            raise LabError(
                f"The port-forward to {target['labels']} did not start.",
                f"Its words are in {directory / f'{name}.log'}",
            )
        time.sleep(0.05)
    return int(known["port"])


def end(directory: Path, name: str = GATEWAY) -> None:
    """End a port-forward, if it runs."""
    known = _running(directory, name)
    if known is None or "pid" not in known:
        return
    with suppress(psutil.Error):
        process = psutil.Process(int(known["pid"]))
        if str(directory) in process.cmdline():
            process.send_signal(signal.SIGTERM)
            process.wait(5)


def end_all(directory: Path) -> None:
    """End every port-forward of a lab."""
    for lock in directory.glob("*.lock"):
        end(directory, lock.stem)


def is_running(directory: Path, name: str = GATEWAY) -> bool:
    """Whether this lab's port-forward runs."""
    return _running(directory, name) is not None


def _running(directory: Path, name: str) -> dict[str, Any] | None:
    with suppress(FileNotFoundError), (directory / f"{name}.lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(directory, name)
    return None


def _read(directory: Path, name: str) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        return dict(json.loads((directory / f"{name}.json").read_text()))
    return None


class Forwarder:
    """Accepts connections on loopback and pumps each to a ready pod."""

    def __init__(self, target: dict[str, Any], port: int) -> None:
        from meshtutor.kube.client import KubeClient
        from meshtutor.kube.official import Official

        kubeconfig = Path(target["kubeconfig"])
        self._kube = KubeClient.from_kubeconfig(kubeconfig, target["context"])
        self._official = Official(kubeconfig, target["context"])
        self._target = target
        self.listener = socket.create_server(("127.0.0.1", port), reuse_port=False)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with closing(client):
            try:
                remote = self._open()
            except MeshtutorError as error:
                sys.stderr.write(f"{error}\n")
                return
            with closing(remote):
                back = threading.Thread(target=_pump, args=(remote, client), daemon=True)
                back.start()
                _pump(client, remote)
                back.join()

    def _open(self) -> socket.socket:
        from meshtutor.kube import rollouts
        from meshtutor.kube.kinds import POD
        from meshtutor.providers.context.tunnel import Tunnel

        namespace, labels = self._target["namespace"], self._target["labels"]
        ready = [pod for pod in self._kube.list(POD, namespace, labels=labels) if rollouts.is_ready(pod)]
        if not ready:
            raise LabError(
                f"No pod {labels} in {namespace} is ready.", f"kubectl -n {namespace} get pods -l {labels}"
            )
        return Tunnel(self._official, namespace, ready[0]["metadata"]["name"], self._target["port"]).open()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Bytes from one end to the other until the first ends; then the other end is told."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def main(directory: Path, name: str) -> int:
    """The process: hold the lock, serve, and go when the record is gone."""
    with (directory / f"{name}.lock").open("a+") as lock:
        signal.alarm(int(_START_SECONDS))  # another one has the lock: end, rather than wait for it forever
        fcntl.flock(lock, fcntl.LOCK_EX)
        signal.alarm(0)
        wanted = json.loads((directory / f"{name}.json").read_text())
        forwarder = Forwarder(wanted["target"], wanted["port"])
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        said = {"target": wanted["target"], "port": forwarder.port, "pid": os.getpid()}
        write_private(directory / f"{name}.json", json.dumps(said))
        threading.Thread(target=forwarder.serve, daemon=True).start()
        while (directory / "record.json").exists():
            time.sleep(_CHECK_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
