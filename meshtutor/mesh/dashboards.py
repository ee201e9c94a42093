"""`mesh.dashboard`: the add-on's own page where there is one, else what stands in for it here."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.display import html
from meshtutor.errors import MeshtutorError
from meshtutor.providers.addons import Addon, addon_called
from meshtutor.providers.base import Provider


@dataclass(frozen=True)
class Page:
    """A link to an add-on's page. It is opened from the machine on which this runs, as `istioctl dashboard` does."""

    name: str
    url: str
    note: str = ""

    def open(self) -> bool:
        """Open it in this machine's browser; whether there is one."""
        return webbrowser.open(self.url)

    def __repr__(self) -> str:
        return "\n".join(part for part in (f"{self.name}: {self.url}", self.note) if part)

    def _repr_html_(self) -> str:
        url = html.cell(self.url)
        link = html.Html(f'{html.cell(self.name)}: <a href="{url}" target="_blank" rel="noopener">{url}</a>')
        return html.join(link, html.notice(self.note) if self.note else "")


Panels = Mapping[str, Callable[[], Any]]
"""What stands in for an add-on that is not installed, by the add-on's name."""


def dashboard(provider: Provider, name: str, panels: Panels) -> Any:
    """The page of an add-on, else its panel; MeshtutorError if there is neither."""
    addon = addon_called(name)
    if found := provider.page(addon):
        return Page(addon.name, found.url, found.note)
    if addon.name in panels:
        return panels[addon.name]()
    raise MeshtutorError(f"{addon.name} is not installed here.", _install(addon))


def _install(addon: Addon) -> str:
    return f"On a cluster: kubectl apply -f samples/addons/{addon.name}.yaml (of Istio's release)"
