"""`mesh.dashboard`: the real page where there is one, else what stands in for it."""

from __future__ import annotations

import pytest
import requests

import meshtutor as mt
from meshtutor.errors import MeshtutorError
from meshtutor.mesh.dashboards import Page, dashboard
from meshtutor.providers.addons import ADDONS, AddonPage


class Place:
    """A provider with some add-ons."""

    def __init__(self, **pages: AddonPage) -> None:
        self.pages = pages

    def page(self, addon):
        return self.pages.get(addon.name)


def test_a_real_page_comes_before_a_panel():
    found = dashboard(
        Place(kiali=AddonPage("http://localhost:20001/kiali")), "Kiali", {"kiali": lambda: "panel"}
    )
    assert found == Page("kiali", "http://localhost:20001/kiali")
    assert 'href="http://localhost:20001/kiali"' in found._repr_html_()


def test_where_there_is_none_the_panel_stands_in_and_without_one_the_next_step_is_named():
    assert dashboard(Place(), "grafana", {"grafana": lambda: "panel"}) == "panel"
    with pytest.raises(
        MeshtutorError, match=r"jaeger is not installed here\.(.|\n)*samples/addons/jaeger.yaml"
    ):
        dashboard(Place(), "jaeger", {})


def test_a_misspelt_name_is_corrected():
    with pytest.raises(MeshtutorError, match="Did you mean 'grafana'"):
        dashboard(Place(), "graphana", {})


def test_embedded_every_name_leads_somewhere(lab):
    from meshtutor.widgets import Dashboard, MeshGraph, Traces

    with mt.connect() as mesh:
        found = {name: mesh.dashboard(name) for name in ADDONS}
    assert isinstance(found["kiali"], MeshGraph)
    assert isinstance(found["grafana"], Dashboard)
    assert isinstance(found["jaeger"], Traces)
    session = requests.Session()
    session.trust_env = False
    answer = session.get(found["prometheus"].url, timeout=10)
    assert answer.ok
    assert "<html" in answer.text or answer.json()["status"] == "success"
