"""The table of verdicts: what is refused, and where; the same asked of the real istioctl, where there is one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from meshtutor.embedded.apiserver.schema.checking import check as check_shape
from meshtutor.embedded.crds import crd
from meshtutor.embedded.istio.validation import kinds as validation
from tests.embedded.istio.validation.table import Case, cases

CASES = cases()


def errors(case: Case) -> dict[str, str]:
    """Path -> message; what the schema finds comes before what the webhook finds, as in the API server."""
    schema = crd(case.kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    if wrong := check_shape(case.obj, schema):
        return {error.path: error.message for error in wrong}
    return {p.path: p.message for p in validation.check(case.obj) if p.severity == "error"}


def test_the_table_is_large_enough_to_be_worth_its_name():
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(case: Case):
    found = errors(case)
    assert bool(found) == bool(case.path), found
    assert not case.path or any(path.startswith(case.path) for path in found), found


def istioctl() -> str | None:
    folder = os.environ.get("MESHTUTOR_REAL_BIN", "")
    return shutil.which("istioctl", path=os.pathsep.join([folder, os.environ.get("PATH", "")]))


@pytest.mark.skipif(istioctl() is None, reason="istioctl is neither on PATH nor in MESHTUTOR_REAL_BIN")
def test_the_real_istioctl_gives_the_same_verdicts(tmp_path: Path):
    """It reads types and enums, but not the schema's rules about fields that exclude each other."""
    asked = [case for case in CASES if not case.by_schema]
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump_all(case.obj for case in asked))
    said = subprocess.run(
        [str(istioctl()), "validate", "-f", str(tmp_path / "cases.yaml")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    refused = set(re.findall(r"\* \w+//?(?:default/)?(case-[a-z]+-\d+)", said.stdout + said.stderr))
    refused |= set(re.findall(r"(case-[a-z]+-\d+)\.default:", said.stdout + said.stderr))
    assert refused, said.stderr
    differing = {case.name for case in asked if bool(case.path) != (case.obj["metadata"]["name"] in refused)}
    assert differing == set()
