"""Load balancing: consistent hashing, locality, warm-up.

Source: Istio's pkg/config/validation/validation.go (validateLoadBalancer), agent/validation.go
(ValidateLocalityLbSetting, validateLocalities).
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.validation import values
from meshtutor.embedded.istio.validation.problem import Problems, each, error, unless_fine, warning

Settings = dict[str, Any]
_TOPOLOGY: Final = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
)
_LARGEST_TABLE: Final = 5000011
_LARGEST_RING: Final = 8 * 1024 * 1024


def check(settings: Settings | None, path: str, *, detects: bool) -> Problems:
    """A loadBalancer section; `detects`: there is outlier detection beside it."""
    if settings is None:
        return
    yield from _hash(settings.get("consistentHash") or {}, f"{path}.consistentHash")
    yield from locality(settings.get("localityLbSetting") or {}, f"{path}.localityLbSetting", detects=detects)
    warmup = settings.get("warmup") or {}
    if warmup.get("aggression") is not None and warmup["aggression"] <= 0:
        yield error(f"{path}.warmup.aggression", "aggression must be greater than 0")


def _hash(hashing: Settings, path: str) -> Problems:
    seen: set[str] = set()
    for place, attribute in each(
        (hashing.get("httpCookie") or {}).get("attributes"), f"{path}.httpCookie.attributes"
    ):
        if attribute.get("name") in seen:
            yield error(f"{place}.name", f"duplicate cookie attribute name: {attribute['name']}")
        seen.add(attribute.get("name", ""))
    if "httpCookie" in hashing and not hashing["httpCookie"].get("name"):
        yield error(f"{path}.httpCookie.name", "a cookie needs a name")
    if hashing.get("minimumRingSize"):
        place = f"{path}.minimumRingSize"
        yield warning(place, "minimumRingSize is deprecated here, use ringHash.minimumRingSize instead")
        if "ringHash" in hashing or "maglev" in hashing:
            yield error(place, "only one of minimumRingSize, ringHash and maglev can be set")
    if "ttl" in (cookie := hashing.get("httpCookie") or {}):
        yield from unless_fine(f"{path}.httpCookie.ttl", values.duration(cookie["ttl"], zero=True))
    size = (hashing.get("ringHash") or {}).get("minimumRingSize") or hashing.get("minimumRingSize") or 0
    if size > _LARGEST_RING:
        yield error(f"{path}.ringHash.minimumRingSize", f"Envoy's rings have at most {_LARGEST_RING} places")
    if "maglev" in hashing:
        yield from _table_size(hashing["maglev"].get("tableSize", 0), f"{path}.maglev.tableSize")


def _table_size(size: int, path: str) -> Problems:
    if size == 0:
        yield error(path, "tableSize must be set for maglev")
    elif size >= _LARGEST_TABLE:
        yield error(path, f"tableSize must be less than {_LARGEST_TABLE} for maglev")
    elif size > 3 and any(size % factor == 0 for factor in range(2, int(size**0.5) + 1)):
        yield error(path, f"tableSize must be a prime number for maglev, {size} is none")


def locality(setting: Settings, path: str, *, detects: bool) -> Problems:
    """A localityLbSetting, of a DestinationRule or of MeshConfig; `detects`: as of `check`."""
    if setting.get("distribute") and setting.get("failover"):
        yield error(path, "cannot specify both distribute and failover")
        return
    if setting.get("failover"):
        for place, label in each(setting.get("failoverPriority"), f"{path}.failoverPriority"):
            if label in _TOPOLOGY:
                yield error(
                    place, f"cannot set both failover and the topology label {label} in failoverPriority"
                )
    yield from _distribute(setting.get("distribute") or [], f"{path}.distribute")
    yield from _failover(setting.get("failover") or [], f"{path}.failover")
    if (setting.get("failover") or setting.get("failoverPriority")) and not detects:
        yield warning(
            path,
            "failover does nothing without outlier detection",
            "add outlierDetection beside loadBalancer",
        )


def _distribute(found: list[Settings], path: str) -> Problems:
    for place, entry in each(found, path):
        shares = entry.get("to") or {}
        if any(not 1 <= share <= 100 for share in shares.values()):
            yield error(f"{place}.to", "each share must be in the range 1 to 100")
        elif (total := sum(shares.values())) != 100:
            yield error(f"{place}.to", f"the shares must sum to 100, they sum to {total}")
        yield from _localities(list(shares), f"{place}.to")
    yield from _localities([entry.get("from", "") for entry in found], path)


def _failover(found: list[Settings], path: str) -> Problems:
    for place, entry in each(found, path):
        here, there = entry.get("from", ""), entry.get("to", "")
        if here == there:
            yield error(place, "failover must lead to another region")
        for field, region in (("from", here), ("to", there)):
            if "/" in region or "*" in region:
                yield error(
                    f"{place}.{field}", f"failover takes a region only, without zone or wildcard: {region!r}"
                )


def _localities(found: list[str], path: str) -> Problems:
    """REGION/ZONE/SUBZONE without empty parts; a wildcard at the end; none within another."""
    seen: list[list[str]] = []
    for locality in found:
        parts = locality.split("/", 2)
        if "*" in locality and (locality.count("*") > 1 or not locality.endswith("*")):
            yield error(path, f"locality {locality!r}: one wildcard at most, and at the end")
        elif "" in parts:
            yield error(path, f"locality {locality!r} must not contain an empty region, zone or subzone")
        else:
            rest = parts[-1] == "*"  # what is left over after more special ones, so those may stand before it
            wide = parts[:-1] if rest else parts
            if any(
                wide[: len(other)] == other or (not rest and other[: len(wide)] == wide) for other in seen
            ):
                yield error(path, f"locality {locality!r} overlaps with one before it")
            seen.append(wide)
