"""What one proxy has of one type, and what it should have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meshtutor.embedded.xds.resource import CDS, EDS, LDS, Resource, Resources

WILDCARD_TYPES = frozenset({CDS, LDS})
"""Types of which a proxy takes all; of the others it names what it wants (Envoy's "xDS protocol", wildcard)."""
AWAITED_TYPES = frozenset({EDS})
"""Types for which something in the proxy waits until each name is answered: a cluster does not become ready before."""


@dataclass(slots=True)
class Subscription:
    """Difference keeping for one type on one stream.

    `dirty` holds the names that may differ from what was sent; `greeted`: something was sent since the stream opened;
    `absent`: names that were asked for and are not there, which has to be said ("xDS protocol", knowing when a
    requested resource does not exist).
    """

    type_url: str
    open: bool = False
    greeted: bool = False
    names: set[str] = field(default_factory=set)
    wanted: Resources = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    rejected: dict[str, str] = field(default_factory=dict)

    @property
    def wildcard(self) -> bool:
        """Whether the proxy takes all there is of the type."""
        return self.type_url in WILDCARD_TYPES

    def want(self, resources: Resources) -> bool:
        """Set what the proxy shall have; True if something that it subscribed to differs now."""
        if resources is self.wanted:
            return False
        before, self.wanted = self.wanted, resources
        changed = {name for name, resource in resources.items() if before.get(name) is not resource}
        self.dirty |= {name for name in changed if self._differs(name)}
        gone = {name for name in before if name not in resources}
        self.dirty |= gone
        self.absent -= resources.keys()
        self._miss(gone - self.sent.keys())
        return self.pending

    def subscribe(self, names: Iterable[str], unsubscribe: Iterable[str], known: Mapping[str, str]) -> None:
        """Take the names of a request; `known` are versions that the proxy kept from an earlier stream.

        They count for wildcard types only. Who names a resource is sent it, as by istiod: a cluster that has changed
        while the stream was broken waits for its endpoints anew, although the proxy has them for the old one.
        """
        names = set(names) - {"*"}
        if not self.open:
            self.open = True
            if self.wildcard:
                self.sent.update(known)
            self.dirty |= self.wanted.keys() | known.keys()
        if not self.wildcard:
            self._take(names, set(unsubscribe))

    def _take(self, names: set[str], unsubscribe: set[str]) -> None:
        """Naming a resource again asks for it again, whether or not it has changed."""
        self.names |= names
        self.dirty |= names
        for name in names | unsubscribe:
            self.sent.pop(name, None)
        self.names -= unsubscribe
        self.absent -= unsubscribe
        self._miss(names - self.wanted.keys())

    def _miss(self, names: set[str]) -> None:
        """Remember which of these names somebody waits for in vain."""
        if self.type_url in AWAITED_TYPES:
            self.absent |= names & self.names

    def resend(self, name: str) -> None:
        """Send a resource again although it has not changed."""
        self.sent.pop(name, None)
        self.dirty.add(name)

    @property
    def pending(self) -> bool:
        """Whether something is to be sent or removed."""
        return bool(self.open and (self.must_greet or self.updates() or self.missing() or self.removals()))

    @property
    def must_greet(self) -> bool:
        """Whether an answer is due though there may be nothing in it: an Envoy starts only when it knows all."""
        return self.open and self.wildcard and not self.greeted

    def updates(self) -> list[Resource]:
        """What is new or changed, in the order of names."""
        if not (self.open and self.dirty):
            return []
        return [self.wanted[name] for name in sorted(self.dirty) if self._differs(name)]

    def removals(self) -> list[str]:
        """What is gone, of a type that is sent as a whole: who no longer refers to a name unsubscribes from it."""
        if not (self.wildcard and self.open and self.dirty):
            return []
        return sorted(name for name in self.dirty if name not in self.wanted and name in self.sent)

    def missing(self) -> list[str]:
        """What was asked for by name and is waited for in vain: it is answered as removed."""
        return sorted(self.absent)

    def mark_sent(self, updates: Iterable[Resource], removals: Iterable[str]) -> None:
        """Remember what has been written to the stream."""
        self.greeted = True
        for resource in updates:
            self.sent[resource.name] = resource.version
            self.dirty.discard(resource.name)
        for name in removals:
            self.sent.pop(name, None)
            self.rejected.pop(name, None)
            self.dirty.discard(name)
            self.absent.discard(name)

    def _differs(self, name: str) -> bool:
        resource = self.wanted.get(name)
        if resource is None or not (self.wildcard or name in self.names):
            return False
        return self.sent.get(name) != resource.version
