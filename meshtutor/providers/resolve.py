"""Which place `connect()` means.

Order: what the caller names, then MESHTUTOR_PROVIDER, then "embedded". The answer says which of these decided.
"""

from __future__ import annotations

from meshtutor.config import settings
from meshtutor.errors import LabError, MeshtutorError
from meshtutor.providers import embedded
from meshtutor.providers.base import Provider
from meshtutor.providers.daemon import Progress

PROVIDERS = ("embedded",)


def resolve(name: str | None = None, provider: str | None = None, *, start: bool = True,
            progress: Progress = lambda _: None) -> Provider:  # fmt: skip
    """The provider to use, started if `start` and it does not run."""
    chosen = provider or settings().provider
    source = (
        "asked for"
        if provider
        else "MESHTUTOR_PROVIDER"
        if settings().provider != "embedded"
        else "the default"
    )
    if chosen not in PROVIDERS:
        raise MeshtutorError(f"Unknown provider {chosen!r}.", f"Valid providers: {', '.join(PROVIDERS)}.")
    lab = name or settings().lab
    if found := embedded.find(lab, source):
        return found
    if not start:
        raise LabError(f"No lab {lab!r} runs.", f"meshtutor up --name {lab}")
    return embedded.up(lab, progress=progress)[0]
