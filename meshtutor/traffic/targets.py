"""What a learner writes -> a URL: `reviews`, `reviews.default:9080/reviews/7` or `http://...` alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

# a request to these paths of the study's application makes the whole chain of services work
DEFAULT_PATHS: Final[Mapping[str, str]] = {
    "productpage": "/productpage",
    "reviews": "/reviews/0",
    "details": "/details/0",
    "ratings": "/ratings/0",
    "client": "/health",
}
_SHORT = re.compile(r"(?P<host>[A-Za-z0-9][-A-Za-z0-9.]*)(?::(?P<port>\d+))?(?P<path>/\S*)?")


def is_url(target: str) -> bool:
    """Whether the target says its scheme itself."""
    return "://" in target


def service_name(target: str) -> str:
    """The first label of the host: the Service's short name."""
    host = target.split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    return host.split(".", 1)[0]


def resolve(target: str, path: str | None, service: Callable[[str], Mapping[str, Any]]) -> str:
    """The URL meant by a target; `service` looks a Service up by its host (and raises NotFoundError).

    Where no path is given, a service of the study is asked for the one that makes its whole chain work.
    """
    if is_url(target):
        return target if path is None else target.rstrip("/") + path
    found = _SHORT.fullmatch(target)
    if not found:
        raise ValueError(f"{target!r} is neither a URL nor the name of a service")
    host = found["host"]
    port = found["port"] or str(http_port(service(host)))
    chosen = path or found["path"] or DEFAULT_PATHS.get(service_name(target), "/")
    return f"http://{host}:{port}{chosen}"


def http_port(service: Mapping[str, Any]) -> int:
    """The port that speaks HTTP: by Istio's rule its name or appProtocol says so; else the first.

    Rule: https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """
    ports = service["spec"].get("ports") or [{"port": 80}]
    for port in ports:
        protocol = port.get("appProtocol") or str(port.get("name", "")).split("-", 1)[0]
        if protocol in ("http", "http2", "grpc"):
            return int(port["port"])
    return int(ports[0]["port"])
