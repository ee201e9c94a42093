"""JupyterLab's workspace of the study: the lesson beside the living mesh, and written only once."""

from __future__ import annotations

import json

from meshtutor.cli import workspace
from meshtutor.config import study

LESSON = "notebooks/00_start_here.ipynb"


def stored(folder) -> dict:
    (file,) = folder.iterdir()
    return json.loads(file.read_text())


def test_both_notebooks_are_there_and_open_side_by_side(tmp_path):
    assert workspace.furnish(tmp_path, LESSON)
    data = stored(tmp_path)["data"]
    dock = data["layout-restorer:data"]["main"]["dock"]
    opened = [name for side in dock["children"] for name in side["widgets"]]
    assert opened == [f"notebook:{LESSON}", f"notebook:{workspace.PANEL}"]
    for name in opened:
        assert (study() / data[name]["data"]["path"]).is_file()


def test_what_a_learner_arranged_stays(tmp_path):
    workspace.furnish(tmp_path, LESSON)
    (file,) = tmp_path.iterdir()
    arranged = stored(tmp_path) | {"data": {}}
    file.write_text(json.dumps(arranged))
    assert not workspace.furnish(tmp_path, LESSON)
    assert stored(tmp_path)["data"] == {}
