"""Names that controllers give: random suffixes and the hash of a pod template."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, so no words (k8s.io/apimachinery/pkg/util/rand)


def with_suffix(base: str) -> str:
    """`base` with five random characters, as the API server makes of `generateName`."""
    return base[:58] + "".join(secrets.choice(_ALPHABET) for _ in range(5))


def template_hash(template: Mapping[str, Any], collisions: int = 0) -> str:
    """The value of `pod-template-hash`: the same for equal templates, of ten characters at most.

    Kubernetes hashes a Go structure with FNV-32a, so values differ from a real cluster's; nothing depends on
    them.
    """
    text = json.dumps([template, collisions], sort_keys=True, separators=(",", ":"))
    number = int.from_bytes(hashlib.blake2s(text.encode(), digest_size=4).digest())
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(number))
