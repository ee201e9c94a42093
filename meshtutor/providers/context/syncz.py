"""Reading istiod's own account of its proxies, `/debug/syncz`: the page that `istioctl proxy-status` was made from.

Per proxy and resource type it gives the nonce of the last response sent, that of the last one acknowledged, when it was
sent, and the text of a rejection (pilot/pkg/xds/debug.go, `SyncStatus`). It does not say which change of the API a
response contains; `distribution` draws that conclusion from when responses were sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Pages = Iterable[list[dict[str, Any]]]
_LEGACY: Final = {
    "CDS": "cluster",
    "LDS": "listener",
    "RDS": "route",
    "EDS": "endpoint",
    "ECDS": "extensionconfig",
}
_SHORT: Final = {
    "Cluster": "CDS", "Listener": "LDS", "RouteConfiguration": "RDS", "ClusterLoadAssignment": "EDS",
    "TypedExtensionConfig": "ECDS", "Secret": "SDS", "NameTable": "NDS",
}  # fmt: skip


@dataclass(frozen=True)
class Sync:
    """One resource type of one proxy: the nonces, and Envoy's words if it rejected what was sent last."""

    sent: str
    acked: str
    error: str = ""

    @property
    def state(self) -> str:
        """ACK, NACK or PENDING."""
        if self.sent == self.acked:
            return "ACK"
        return "NACK" if self.error else "PENDING"


Status = Mapping[str, Mapping[str, Sync]]  # proxy ("reviews-v1-xyz.default") -> type ("RDS") -> Sync


def read(pages: Pages) -> Status:
    """The pages of all istiods as one table; types that a proxy does not ask for are left out."""
    return {str(proxy["proxy"]): _types(proxy) for page in pages for proxy in page if proxy.get("proxy")}


def _types(proxy: Mapping[str, Any]) -> dict[str, Sync]:
    if resources := proxy.get("resources"):
        return {
            _short(url): Sync(str(r.get("sent", "")), str(r.get("acked", "")), str(r.get("lastError", "")))
            for url, r in resources.items()
            if r.get("sent")
        }
    return {  # before resources were reported one by one
        short: Sync(str(proxy[f"{word}_sent"]), str(proxy.get(f"{word}_acked", "")))
        for short, word in _LEGACY.items()
        if proxy.get(f"{word}_sent")
    }


def _short(url: str) -> str:
    last = url.rpartition(".")[2]
    return _SHORT.get(last, last)


def changed(before: Status, after: Status) -> dict[str, tuple[str, ...]]:
    """The proxies to which something was sent in between, and which types."""
    found = {
        proxy: tuple(
            t
            for t, sync in types.items()
            if t not in before.get(proxy, {}) or before[proxy][t].sent != sync.sent
        )
        for proxy, types in after.items()
    }
    return {proxy: types for proxy, types in found.items() if types}


def newest_version(configz: Iterable[Mapping[str, Any]]) -> int:
    """The highest resourceVersion among the Istio objects that istiod holds (`/debug/configz`)."""
    versions = (str(c.get("metadata", {}).get("resourceVersion", "")) for c in configz)
    return max((int(v) for v in versions if v.isdigit()), default=0)
