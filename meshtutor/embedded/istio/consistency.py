"""What must hold before a configuration is published: every name that is referred to exists.

After go-control-plane's snapshot check. A configuration that fails it is a fault of this program: it is not sent, the
proxies keep what they have, and the log says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable

from meshtutor.embedded.xds.resource import CDS, EDS, LDS, RDS, SHORT, Configuration
from meshtutor.errors import MeshtutorError


class InconsistentError(MeshtutorError):
    """Resources that refer to others which are not there."""


def check(configuration: Configuration) -> None:
    """Raise InconsistentError if a cluster's endpoints or a listener's routes are missing."""
    for owner, referred in ((CDS, EDS), (LDS, RDS)):
        there = configuration.get(referred, {})
        needed = (ref for resource in configuration.get(owner, {}).values() for ref in resource.refs)
        _require(there, needed, SHORT[owner], SHORT[referred])


def _require(there: Iterable[str], needed: Iterable[str], owner: str, referred: str) -> None:
    known = set(there)
    missing = sorted(name for name in needed if name not in known)
    if missing:
        raise InconsistentError(
            f"{owner} refers to {referred} resources that do not exist: {', '.join(missing[:5])}.",
            "This is a fault of meshtutor's control plane; the proxies keep their last configuration.",
        )
