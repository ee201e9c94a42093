"""Which place `connect()` and the command mean.

Order: what the caller names, then MESHTUTOR_PROVIDER, then what the last `meshtutor up --on` of this lab brought up,
then "embedded". The answer says which of these decided. Only the embedded mesh is started when it does not run: a
cluster takes minutes and belongs to somebody, so it is made by `meshtutor up --on` alone.
"""

from __future__ import annotations

from meshtutor.config import settings
from meshtutor.errors import LabError, MeshtutorError
from meshtutor.providers import embedded, records
from meshtutor.providers.base import Provider
from meshtutor.providers.context import provider as cluster
from meshtutor.providers.daemon import Progress

PROVIDERS = ("embedded", "k3d", "context")


def choose(lab: str, provider: str | None = None) -> tuple[str, str]:
    """The provider's name, and why it is that one; MeshtutorError if there is no such provider."""
    remembered = records.chosen(lab)
    if provider:
        chosen, why = provider, "asked for"
    elif settings().provider:
        chosen, why = settings().provider, "MESHTUTOR_PROVIDER"
    elif remembered:
        chosen, why = remembered, f"the last `meshtutor up --on {remembered}`"
    else:
        chosen, why = "embedded", "the default"
    if chosen not in PROVIDERS:
        raise MeshtutorError(
            f"Unknown provider {chosen!r} ({why}).", f"Valid providers: {', '.join(PROVIDERS)}."
        )
    return chosen, why


def resolve(
    name: str | None = None,
    provider: str | None = None,
    *,
    start: bool = True,
    progress: Progress = lambda _: None,
) -> Provider:
    """The provider to use; the embedded mesh is started if `start` and it does not run."""
    lab = name or settings().lab
    chosen, why = choose(lab, provider)
    if chosen != "embedded":
        return _on_cluster(lab, chosen, why)
    if found := embedded.find(lab, why):
        return found
    if not start:
        raise LabError(f"No lab {lab!r} runs.", f"meshtutor up --name {lab}")
    return embedded.up(lab, progress=progress)[0]


def _on_cluster(lab: str, chosen: str, why: str) -> Provider:
    record, wanted = records.load(lab), settings().context
    option = f" --context {wanted or 'NAME'}" if chosen == "context" else ""
    if record is None or record.provider != chosen:
        raise LabError(
            f"The lab {lab!r} is not up on {chosen} ({why}).",
            f"meshtutor up --on {chosen}{option} --name {lab}",
        )
    if wanted and wanted != record.context:
        raise LabError(
            f"The lab {lab!r} is on the context {record.context!r}, but MESHTUTOR_CONTEXT says {wanted!r}.",
            f"unset MESHTUTOR_CONTEXT; or: meshtutor up --on {chosen}{option} --name OTHER",
        )
    return cluster.ClusterProvider(record, why)
