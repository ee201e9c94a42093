"""The study's step 6: Prometheus, Grafana, Jaeger and Kiali as Istio ships them with this very version.

They are taken from the release that istioctl lies in (`istio-1.30.3/bin/istioctl` has `istio-1.30.3/samples/addons`
beside it), else from the release branch on the web, else from the folder that `--addons` names.

Istio's Prometheus scrapes every 15 s, which makes a live chart lag by as much; here it scrapes every second.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meshtutor.errors import LabError
from meshtutor.kube.kinds import DEPLOYMENT
from meshtutor.providers import requirements
from meshtutor.providers.k3d.istio import SYSTEM, version_of
from meshtutor.providers.k3d.kubectl import Kubectl
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Command, Tools

ADDONS: Final = ("prometheus", "grafana", "jaeger", "kiali")
DEFAULT_BRANCH: Final = "1.30"
_URL: Final = "https://raw.githubusercontent.com/istio/istio/release-{branch}/samples/addons/{addon}.yaml"
_SLOW: Final = ("scrape_interval: 15s", "scrape_timeout: 10s")
_STEP: Final = "addons"
_GET: Final = ("configmap", "prometheus", "-n", SYSTEM)


def sources(tools: Tools, chosen: str = "") -> list[str]:
    """Where each add-on's YAML is: a file or a URL. `chosen` is a folder, "none", or "" to look for it."""
    if chosen == "none":
        return []
    folder = Path(chosen) if chosen else _beside(tools.find("istioctl"))
    if folder is not None:
        files = [folder / f"{addon}.yaml" for addon in ADDONS]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise LabError(
                f"{folder} has no {', '.join(missing)}.",
                "--addons names the folder samples/addons of an Istio release",
            )
        return [str(file) for file in files]
    branch = requirements.branch(version_of(tools), DEFAULT_BRANCH)
    return [_URL.format(branch=branch, addon=addon) for addon in ADDONS]


def _beside(istioctl: str | None) -> Path | None:
    folder = Path(istioctl).resolve().parent.parent / "samples" / "addons" if istioctl else None
    return folder if folder is not None and folder.is_dir() else None


class AddonsAreApplied:
    """Prometheus, Grafana, Jaeger and Kiali, by `kubectl apply -f`."""

    def __init__(self, tools: Tools, kubectl: Kubectl, chosen: str, record: Record) -> None:
        self._tools, self._kubectl, self._chosen, self._record = tools, kubectl, chosen, record
        self.name = (
            "Prometheus, Grafana, Jaeger and Kiali" if chosen != "none" else "no add-ons (--addons none)"
        )

    def commands(self) -> Sequence[Command]:
        """One `kubectl apply` each."""
        return [self._kubectl.command("apply", "-f", source) for source in sources(self._tools, self._chosen)]

    def is_done(self) -> bool:
        """Whether there is a Deployment for each, from the folder that was named."""
        if self._chosen == "none":
            return True
        there = {d["metadata"]["name"] for d in self._kubectl.list(DEPLOYMENT, SYSTEM)}
        return set(ADDONS) <= there and self._record.done.get(_STEP) == self._chosen

    def run(self) -> None:
        """Apply them all."""
        for source in sources(self._tools, self._chosen):
            self._kubectl.run("apply", "-f", source)
        self._record.note(_STEP, self._chosen)


class PrometheusScrapesOften:
    """Every second instead of every 15; Prometheus' own sidecar reloads the configuration."""

    def __init__(self, kubectl: Kubectl, seconds: int) -> None:
        self._kubectl, self._seconds = kubectl, seconds
        self.name = f"Prometheus scrapes every {seconds} s"

    def commands(self) -> Sequence[Command]:
        """A pipe: get, change two lines, apply."""
        return [self._kubectl.command("apply", "-f", "-", typed=self._pipe())]

    def is_done(self) -> bool:
        """Whether it is not Istio's slow setting (or there is no such Prometheus, or somebody changed it)."""
        found = self._kubectl.get(*_GET)
        return found is None or not any(_SLOW[0] in text for text in found["data"].values())

    def run(self) -> None:
        """Change the two lines of the ConfigMap, and nothing else of it."""
        found = self._kubectl.get(*_GET) or {}
        found["data"] = {file: self._faster(text) for file, text in found["data"].items()}
        self._kubectl.run("apply", "-f", "-", stdin=json.dumps(found), typed=self._pipe())

    def _faster(self, text: str) -> str:
        for slow in _SLOW:
            text = text.replace(slow, self._fast(slow), 1)
        return text

    def _fast(self, slow: str) -> str:
        return f"{slow.split(':', maxsplit=1)[0]}: {self._seconds}s"

    def _pipe(self) -> str:
        changes = " ".join(f"-e 's/{slow}/{self._fast(slow)}/'" for slow in _SLOW)
        return f"{self._kubectl.command('get', *_GET, '-o', 'yaml')} | sed {changes}"
