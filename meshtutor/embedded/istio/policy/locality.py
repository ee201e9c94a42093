"""`localityLbSetting`: endpoints near the client before those far away, or shares by place.

Source: pilot/pkg/networking/core/loadbalancer/loadbalancer.go. `distribute` works alone. `failover`, `failoverPriority`
and the default order (same subzone, zone, region, elsewhere) need `outlierDetection`: without it no Envoy would ever
learn that the near endpoints fail. As MeshConfig's default is "enabled", outlierDetection alone does that.
How much of a priority must fail before the next one helps is Envoy's overprovisioning factor, 140 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, TypeVar

from meshtutor.embedded.istio.endpoints import Group
from meshtutor.embedded.istio.policy.load_balancing import is_passthrough
from meshtutor.embedded.istio.policy.merge import Policy
from meshtutor.embedded.istio.workloads import HOSTNAME, NETWORK, REGION, SUBZONE, ZONE, Locality

Setting = Mapping[str, Any]
T = TypeVar("T")
TOPOLOGY: Final = frozenset({REGION, ZONE, SUBZONE})
_DISTRIBUTIONS: Final = {
    "PreferSameZone": (NETWORK, REGION, ZONE),
    "PreferSameNode": (NETWORK, REGION, ZONE, SUBZONE, HOSTNAME),
}
_ELSEWHERE: Final = 3


@dataclass(frozen=True)
class Order:
    """What a policy says of places; `fails_over`: there is outlier detection, so that priorities mean something."""

    setting: Setting
    fails_over: bool

    @property
    def keys(self) -> frozenset[str]:
        """The labels of a client on which the endpoints' order depends; none: all clients have the same."""
        if self.setting.get("distribute"):
            return TOPOLOGY
        if not self.fails_over:
            return frozenset()
        wanted = self.setting.get("failoverPriority") or ()
        own = frozenset(label for label in wanted if "=" not in label)
        return own | TOPOLOGY if self.setting.get("failover") or not wanted else own

    @property
    def weighs(self) -> bool:
        """Whether Envoy shall honour the weights of places (ApplyToCluster); the bare default order does not."""
        chosen = self.setting.get("failover") or self.setting.get("failoverPriority")
        return bool(self.setting.get("distribute") or (self.fails_over and chosen))


NO_ORDER: Final = Order({}, False)


def order_of(policy: Policy, distribution: str, default: Setting) -> Order:
    """The order that a policy asks for; else the host's `trafficDistribution`, else MeshConfig's `localityLbSetting`.

    A distribution needs no outlier detection, as its proxies are told which endpoints are not ready
    (GetEffectiveLbSetting). PASSTHROUGH has no order: in Istio such a cluster knows no endpoints.
    """
    balancer = policy.get("loadBalancer") or {}
    setting = balancer.get("localityLbSetting")
    if is_passthrough(policy):
        return NO_ORDER
    if setting is None and distribution:
        return Order({"failoverPriority": _DISTRIBUTIONS[distribution]}, fails_over=True)
    chosen: Setting = default if setting is None else setting
    if chosen.get("enabled", True) is False:
        return NO_ORDER
    return Order(chosen, policy.get("outlierDetection") is not None)


def apply(cluster: Any, order: Order) -> None:
    """Have the cluster honour the weights of places, where the order has any."""
    if order.weighs:
        cluster.common_lb_config.locality_weighted_lb_config.SetInParent()


def arrange(groups: Sequence[Group], order: Order, client: Mapping[str, str]) -> list[Group]:
    """The groups with priorities and weights for a client with these labels, those of its place included."""
    here = Locality(*(client.get(key, "") for key in (REGION, ZONE, SUBZONE)))
    if shares := order.setting.get("distribute"):
        return _distribute(groups, shares, here)
    if not order.fails_over:
        return list(groups)
    found, failover = list(groups), order.setting.get("failover") or ()
    labels = order.setting.get("failoverPriority") or ()
    if labels:
        found = _compact([part for group in found for part in _by_labels(group, labels, client)])
    if failover or not labels:
        found = _compact([_by_region(group, here, failover) for group in found])
    return found


def _distribute(groups: Sequence[Group], shares: Iterable[Setting], here: Locality) -> list[Group]:
    """Weights by the first entry for the client's place; what it does not name gets no requests.

    Istio takes `to` in no particular order; here the more special goes first, as wildcards may stand beside it.
    """
    entry = next((share for share in shares if _matches(here, str(share.get("from", "")))), None)
    if entry is None:
        return list(groups)
    wanted = sorted((entry.get("to") or {}).items(), key=lambda pair: -_exactness(pair[0]))
    weights: dict[int, int] = {}
    for place, share in wanted:
        held = [i for i, group in enumerate(groups) if i not in weights and _matches(group.locality, place)]
        total = sum(groups[i].weight for i in held)
        weights |= {i: math.ceil(groups[i].weight * int(share) / total) for i in held}
    return [
        replace(group, weight=weights[i]) if i in weights else replace(group, endpoints=())
        for i, group in enumerate(groups)
    ]


def _exactness(place: str) -> int:
    return sum(part not in ("", "*") for part in place.split("/"))


def _matches(locality: Locality, place: str) -> bool:
    """Whether a locality is in REGION/ZONE/SUBZONE; what is left out at the end or `*` matches all (LocalityMatch)."""
    region, zone, subzone = [*place.split("/", 2), "", ""][:3]
    return (
        region in ("*", locality.region)
        and zone in ("*", "", locality.zone)
        and subzone in ("*", "", locality.subzone)
    )


def _by_labels(group: Group, wanted: Sequence[str], client: Mapping[str, str]) -> list[Group]:
    """A group in parts by how many labels agree from the first on; LABEL=VALUE asks for that value."""
    pairs = [label.partition("=") for label in wanted]
    values = [(key, value if equals else client.get(key, "")) for key, equals, value in pairs]

    def missed(labels: Mapping[str, str]) -> int:
        return next((len(values) - i for i, (k, v) in enumerate(values) if labels.get(k, "") != v), 0)

    parts = _grouped(group.endpoints, lambda endpoint: missed(endpoint.labels))
    return [
        replace(group, endpoints=tuple(of), weight=sum(one.weight for one in of), priority=at)
        for at, of in parts
    ]


def _by_region(group: Group, here: Locality, failover: Iterable[Setting]) -> Group:
    """The distance from the client; five steps of it for each priority that labels gave before."""
    distance = _distance(here, group.locality)
    if distance == _ELSEWHERE:
        target = next((entry.get("to") for entry in failover if entry.get("from") == here.region), None)
        distance += target is not None and group.locality.region != target
    return replace(group, priority=5 * group.priority + distance)


def _distance(here: Locality, there: Locality) -> int:
    """0 in the same subzone, 1 in the same zone, 2 in the same region, 3 elsewhere (LbPriority)."""
    if here.region != there.region:
        return _ELSEWHERE
    if here.zone != there.zone:
        return 2
    return 0 if here.subzone == there.subzone else 1


def _compact(groups: list[Group]) -> list[Group]:
    """Priorities from 0 on without gaps, as Envoy wants them."""
    ranks = {priority: rank for rank, priority in enumerate(sorted({group.priority for group in groups}))}
    return [replace(group, priority=ranks[group.priority]) for group in groups]


def _grouped(items: Iterable[T], key: Callable[[T], int]) -> list[tuple[int, list[T]]]:
    return [(at, list(of)) for at, of in groupby(sorted(items, key=key), key=key)]
