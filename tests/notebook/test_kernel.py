"""What a learner sees in a notebook's cells, executed headless in a real kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]
SETUP = """\
from pathlib import Path
import tempfile
import meshtutor as mt
from meshtutor import magics
from meshtutor.display import exceptions
from meshtutor.mesh import Mesh
from tests.support.kubernetes import FakeKubernetes, FakeProvider, pod, refusal, service
kubernetes = FakeKubernetes()
for version in ("v1", "v2", "v3"):
    kubernetes.put(pod(f"reviews-{version}-a-b", "reviews", version))
kubernetes.put(service("reviews"))
mesh = Mesh(FakeProvider(kubernetes, Path(tempfile.mkdtemp())))
magics.register(get_ipython(), mesh)
exceptions.install(get_ipython())
"""
RULE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
  - reviews
"""


def run(*cells: str, timeout: int = 30) -> list:
    """The cells after the set-up, executed; a failing cell ends it, as under nbmake."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (SETUP, *cells)])
    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        notebook.metadata["failed"] = str(error)
    return notebook.cells[1:]


def shown(cell, mimetype: str = "text/plain") -> str:
    return "\n".join(output.data[mimetype] for output in cell.outputs if mimetype in output.get("data", {}))


def failure(cell):
    return next((output for output in cell.outputs if output.output_type == "error"), None)


def test_a_cell_of_yaml_is_applied_and_shows_what_became_of_it():
    (cell,) = run("%%apply\n" + RULE)
    assert "created    VirtualService default/reviews" in shown(cell)
    assert "1 proxy acknowledged (ACK)" in shown(cell, "text/html")


def test_a_refusal_is_a_sentence_with_its_line_and_still_fails_the_cell():
    (_, cell, after) = run(
        "kubernetes.refuse = lambda obj: refusal('spec.hosts', 'spec.hosts: Required value')",
        "%%apply\n" + RULE,
        "1 + 1",
    )
    error = failure(cell)
    assert error.ename == "ApplyError"
    text = "\n".join(error.traceback)
    assert "(the YAML text:6) was refused: spec.hosts: Required value" in text
    assert "Traceback" not in text
    assert len(text.splitlines()) <= 3
    assert not after.outputs  # nbclient stopped: the failure was seen


def test_broken_yaml_is_a_sentence_too():
    (cell,) = run("%%apply\nkind: A\n  name: b")
    error = failure(cell)
    assert error.ename == "ManifestError"
    assert "line 2" in "\n".join(error.traceback)


def test_an_empty_cell_and_stray_arguments_say_what_to_write():
    (cell,) = run("%%apply now\nkind: A")
    assert "takes no arguments, got 'now'" in "\n".join(failure(cell).traceback)
    (cell,) = run("%%apply\n\n")
    assert "no YAML in this cell" in "\n".join(failure(cell).traceback)


def test_a_bug_keeps_its_traceback():
    (cell,) = run("1 / 0")
    assert failure(cell).ename == "ZeroDivisionError"
    assert "Traceback" in "\n".join(failure(cell).traceback)


def test_a_tagged_cell_may_raise_and_the_notebook_goes_on():
    raising = nbformat.v4.new_code_cell("mesh.get('vs', 'nowhere')", metadata={"tags": ["raises-exception"]})
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(SETUP), raising, nbformat.v4.new_code_cell("40 + 2")]
    )
    NotebookClient(
        notebook, timeout=30, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    assert shown(notebook.cells[2]) == "42"


def test_the_widget_is_shown_headless_at_once_works_and_leaves_no_thread():
    cells = run(
        "split = mt.widgets.TrafficSplit(mesh, 'reviews')\nsplit",
        "split.model.weights = {'v1': 70, 'v3': 30}\nprint(split.model.message)",
        "import threading\nprint([t.name for t in threading.enumerate() if t.name.startswith('meshtutor')])",
        "split.close()",
    )
    assert "application/vnd.jupyter.widget-view+json" in cells[0].outputs[0].data
    assert "no rule yet" in shown(cells[0])
    assert "1 proxy acknowledged (ACK)" in cells[1].outputs[0].text
    assert cells[2].outputs[0].text == "[]\n"
    assert not any(failure(cell) for cell in cells)


def test_charts_and_reports_have_rich_and_plain_forms():
    cells = run(
        "from meshtutor.traffic.tally import Tally\nmt.charts.compare(Tally({'v1': 10}), Tally({'v1': 7, 'v3': 3}))",
        "Tally({'v1': 7, 'v3': 3})",
    )
    assert "application/vnd.plotly.v1+json" in cells[0].outputs[0].data
    assert "30.0%" in shown(cells[1])
    assert "<table" in shown(cells[1], "text/html")


@pytest.mark.parametrize("name", ["connect", "show", "charts", "widgets", "MeshtutorError"])
def test_the_vocabulary_is_there_and_sorted(name):
    import meshtutor

    assert name in meshtutor.__all__
    assert meshtutor.__all__ == sorted(meshtutor.__all__)
    assert getattr(meshtutor, name) is not None


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("meshtutor", ("kubernetes", "plotly", "ipywidgets", "requests", "yaml", "IPython")),
        ("meshtutor.notebook", ("kubernetes", "plotly", "ipywidgets")),
    ],
)
def test_importing_loads_nothing_that_is_not_needed_yet(module, heavy):
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
