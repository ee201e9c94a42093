"""The first figure must not wait for what it does not need."""

from __future__ import annotations

import subprocess
import sys


def said(code: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return run.stdout.strip()


def test_a_figure_compiles_no_grammars():
    code = "import sys, meshtutor.widgets, meshtutor.charts, plotly.graph_objects as go; go.FigureWidget()"
    assert said(f"{code}; print('nbformat' in sys.modules, 'lark' in sys.modules)") == "True False"


def test_who_checks_an_international_address_gets_the_real_check():
    code = "import meshtutor.charts, jsonschema; fits = jsonschema.FormatChecker(['iri']).conforms"
    assert said(f"{code}; print(fits('http://exämple/', 'iri'), fits('::', 'iri'))") == "True False"


def test_everything_else_of_the_module_is_there_too():
    code = "import meshtutor.charts; from rfc3987_syntax import parse, is_valid_syntax_iri as valid"
    assert said(f"{code}; print(valid('http://exämple/'), parse('iri', 'a:b').data)") == "True iri"
