"""The model of an examination, and its face, without a mesh."""

from __future__ import annotations

import threading

import pytest

from meshtutor.display import html
from meshtutor.errors import MeshtutorError
from meshtutor.widgets.examination_model import ExaminationModel, Instrument, Patient
from meshtutor.widgets.examination_view import ExaminationView


class Said(str):
    def _repr_html_(self) -> str:
        return html.cell(str(self))


def refuse(patient: Patient):
    raise MeshtutorError(f"No pod {patient.sender!r}.", "mesh.pods()")


@pytest.fixture
def seen() -> list[Patient]:
    return []


@pytest.fixture
def model(seen) -> ExaminationModel:
    look = Instrument("send", "Who answered?", lambda patient: seen.append(patient) or Said("<all> v1"))
    return ExaminationModel((look, Instrument("explain", "Why?", refuse)))


def test_every_instrument_answers_even_if_one_cannot(model):
    model.sender = "nobody"
    sent, explained = model.examine()
    assert (sent.shown, sent.error) == ("<all> v1", "")
    assert explained.shown is None
    assert "No pod 'nobody'" in explained.error
    assert not model.busy


def test_the_fields_describe_the_request(model, seen):
    model.describe({"target": " /productpage ", "user": "jason", "sender": ""})
    model.examine()
    assert seen == [Patient("/productpage", "jason")]
    assert seen[0].headers == {"end-user": "jason"}
    model.target = "  "
    assert model.patient().target == "reviews"


def test_typing_examines_and_setting_the_model_only_shows(model, seen):
    view, done = ExaminationView(model), threading.Event()
    model.observe(lambda _: done.set(), "answers")
    model.target = "ratings"
    assert view._fields["target"].value == "ratings"
    assert not seen
    view._fields["user"].value = "jason"
    assert done.wait(10)
    view.close()
    assert seen == [Patient("ratings", "jason")]
    assert "&lt;all&gt; v1" in view._sections.value
    assert "No pod" in view._sections.value
