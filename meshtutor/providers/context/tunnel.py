"""A pod's own loopback, reached through the API server's `pods/NAME/portforward`.

Istiod's debug pages and an Envoy's admin page answer only who comes from inside their pod: istiod asks everyone else
for a token of the mesh (pilot/pkg/xds/debug.go, `allowAuthenticatedOrLocalhost`), and the API server's `proxy`
subresource comes from outside. A port-forward comes from inside. The official client has the protocol.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from meshtutor.errors import NotReadyError
from meshtutor.kube.official import Official


class Tunnel:
    """Connections to one port of one pod; each `open` is a new one."""

    def __init__(self, official: Official, namespace: str, pod: str, port: int) -> None:
        self._official, self.namespace, self.pod, self.port = official, namespace, pod, port

    def open(self) -> socket.socket:
        """A connected socket; NotReadyError if the API server or the pod refuses."""
        from kubernetes.client.rest import ApiException
        from kubernetes.stream import portforward

        call = self._official.core.connect_get_namespaced_pod_portforward
        try:
            forward = portforward(call, self.pod, self.namespace, ports=str(self.port))
        except ApiException as error:
            reason = str(error.reason or error).strip().splitlines()[0]
            raise NotReadyError(
                f"No port-forward to {self.namespace}/{self.pod}:{self.port}: {reason}",
                f"kubectl -n {self.namespace} auth can-i create pods --subresource=portforward; and get, as well",
            ) from error
        opened: socket.socket = forward.socket(self.port)
        return opened


class TunnelHttp:
    """HTTP through a tunnel: one connection, kept and renewed when it has gone."""

    def __init__(self, tunnel: Tunnel) -> None:
        self.tunnel = tunnel
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, timeout: float = 5.0) -> Any:
        """The JSON at a path; NotReadyError if it cannot be had."""
        try:
            return self._get(path, timeout)
        except (OSError, http.client.HTTPException):
            self.close()  # the pod may have closed an idle connection: once more on a new one
        try:
            return self._get(path, timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise NotReadyError(
                f"{self.tunnel.namespace}/{self.tunnel.pod} does not answer at {path}: {error}",
                f"kubectl -n {self.tunnel.namespace} logs {self.tunnel.pod}",
            ) from error

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _get(self, path: str, timeout: float) -> Any:
        if self._connection is None:
            connection = http.client.HTTPConnection("localhost", self.tunnel.port)
            connection.sock = self.tunnel.open()
            self._connection = connection
        assert self._connection.sock is not None
        self._connection.sock.settimeout(timeout)
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 400:
            raise http.client.HTTPException(f"HTTP {answer.status} {body[:200].decode(errors='replace')}")
        return json.loads(body)
