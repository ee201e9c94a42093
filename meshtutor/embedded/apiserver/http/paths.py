"""URLs of the Kubernetes API, read into a Target.

/api/VERSION/RESOURCE[/NAME[/SUBRESOURCE[/TAIL]]]                        core, cluster-scoped or all namespaces
/api/VERSION/namespaces/NAMESPACE/RESOURCE[/NAME[/SUBRESOURCE[/TAIL]]]   core, one namespace
/apis/GROUP/VERSION/...                                                  the same for named groups
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_OF_A_NAMESPACE: Final = ("status", "finalize")


@dataclass(frozen=True)
class Target:
    """What a URL is about; `resource` is the plural, `tail` what follows `/proxy`, still percent-encoded."""

    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    tail: str = ""


def target_of(raw_path: str) -> Target | None:
    """The target of a percent-encoded path, or None if it is not about resources."""
    parts = raw_path.split("/", 4)[1:]
    if parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3]
    elif parts[0] == "api" and len(parts) >= 3:
        group, version, rest = "", parts[1], "/".join(parts[2:])
    else:
        return None
    return _target(unquote(group), unquote(version), rest) if rest else None


def _target(group: str, version: str, rest: str) -> Target:
    namespace, steps = "", rest.split("/")
    if steps[0] == "namespaces" and len(steps) >= 3 and steps[2] and steps[2] not in _OF_A_NAMESPACE:
        namespace, steps = unquote(steps[1]), steps[2:]
    resource, name, subresource = (*map(unquote, steps[:3]), "", "")[:3]
    return Target(group, version, resource, namespace, name, subresource, "/".join(steps[3:]))
