"""What Telemetry objects say together: which of them apply to a pod, and which metrics they have counted.

Source: istio/istio, pilot/pkg/model/telemetry.go (applicableTelemetries, mergeMetrics).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeVar

from meshtutor.kube import objects

T = TypeVar("T")
Mode = Literal["CLIENT", "SERVER"]
"""A sidecar's outbound listener and a gateway are clients, a sidecar's inbound listeners are servers."""
ROOT: Final = "istio-system"
BOTH: Final = "CLIENT_AND_SERVER"
ALL: Final = "ALL_METRICS"
REMOVED: Final = None


class Claim(NamedTuple):
    """What is asked of a Telemetry; `age` sorts older ones first."""

    namespace: str
    selector: Mapping[str, str]
    age: tuple[str, str]


@dataclass
class Override:
    """Changes to one metric; `tags` are CEL expressions by label, REMOVED where the label goes."""

    disabled: bool = False
    tags: dict[str, str | None] = field(default_factory=dict)


Overrides = Mapping[str, Override]
"""By metric; a metric that is not in it is as Istio makes it."""


def applying(
    telemetries: Iterable[T], claim_of: Callable[[T], Claim], namespace: str, labels: Mapping[str, str]
) -> tuple[T, ...]:
    """Those for a pod with these labels in a namespace, the most general first.

    Three levels: the oldest without a selector in the root namespace; the same in the pod's own namespace; then those
    there whose selector the pod has, oldest first.
    """
    ordered = sorted(((claim_of(one), one) for one in telemetries), key=lambda pair: pair[0].age)
    wide = [
        next((one for claim, one in ordered if claim.namespace == place and not claim.selector), None)
        for place in dict.fromkeys((ROOT, namespace))
    ]
    own = [one for claim, one in ordered
           if claim.namespace == namespace and claim.selector and claim.selector.items() <= labels.items()]  # fmt: skip
    return (*(one for one in wide if one is not None), *own)


def claim_of(telemetry: Mapping[str, Any]) -> Claim:
    """The same of an object of the API."""
    namespace, name = objects.namespace(telemetry), objects.name(telemetry)
    selector = (objects.spec(telemetry).get("selector") or {}).get("matchLabels") or {}
    made = str(objects.metadata(telemetry).get("creationTimestamp", ""))
    return Claim(namespace, selector, (made, f"{name}.{namespace}"))


def provider_names(entry: Mapping[str, Any]) -> list[str]:
    """The providers that an entry names, in their order."""
    return [str(provider.get("name", "")) for provider in entry.get("providers") or ()]


def counted(
    entries: Iterable[Mapping[str, Any]],
    default: Iterable[str],
    counts: Callable[[str], bool],
    mode: Mode,
    metrics: Iterable[str],
) -> Overrides | None:
    """What the entries of `metrics` say of one side, the most general first; None if nothing is counted.

    `default` are the providers where no entry names any; `counts` knows those that count, and `metrics` are the names
    that ALL_METRICS stands for. Overrides add up; a later one goes before an earlier one, label by label.
    """
    listed, every = list(entries), tuple(metrics)
    provider = next((name for name in _last_named(listed, default) if counts(name)), "")
    if not provider:
        return None
    found: dict[str, Override] = {}
    off = False
    for override in _overrides(listed, default, provider):
        match = override.get("match") or {}
        if match.get("mode", BOTH) not in (BOTH, mode):
            continue
        metric = match.get("metric", ALL)
        off = metric == ALL and bool(override.get("disabled"))
        if not off:
            _merge(found, every if metric == ALL else (metric,), override)
    return None if off else found


def _last_named(entries: Iterable[Mapping[str, Any]], default: Iterable[str]) -> list[str]:
    """The providers of the last entry that names any; a parent's are not added to its child's."""
    names = list(default)
    for entry in entries:
        names = provider_names(entry) or names
    return names


def _overrides(
    entries: Iterable[Mapping[str, Any]], default: Iterable[str], provider: str
) -> Iterator[Mapping[str, Any]]:
    """The overrides for one provider; an entry without providers has those of the entry before it."""
    names = list(default)
    for entry in entries:
        names = provider_names(entry) or names
        if provider in names:
            yield from entry.get("overrides") or ()


def _merge(found: dict[str, Override], metrics: Iterable[str], override: Mapping[str, Any]) -> None:
    for metric in metrics:
        kept = found.setdefault(metric, Override())
        if override.get("disabled") is not None:
            kept.disabled = bool(override["disabled"])
        for label, tag in (override.get("tagOverrides") or {}).items():
            kept.tags[label] = REMOVED if tag.get("operation") == "REMOVE" else str(tag.get("value") or "")
