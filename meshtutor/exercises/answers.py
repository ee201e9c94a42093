"""Reference answers and recorded wrong ones in solutions/, and broken meshes in patients/.

`6.1.yaml` is the reference answer of 6.1; `6.1-wrong-NAME.yaml` are answers that a check must refuse. Their
first line is a comment that says what they do, or what is wrong with them. Where the answer is something to do
and not a rule, they are Python: `15.5.py`. `patients/15.1.yaml` is what is broken when exercise 15.1 begins.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "solutions"
_PATIENTS: Final = Path(__file__).parent / "patients"


def reference(name: str) -> str:
    """The reference answer of an exercise, as the text of its cell."""
    return next(_FOLDER.glob(f"{name}.*")).read_text(encoding="utf-8")


def wrong(name: str) -> dict[str, str]:
    """The recorded wrong answers by file name, at least one per exercise."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(_FOLDER.glob(f"{name}-wrong-*"))}


def patient(name: str) -> Path | None:
    """The rules that are broken when an exercise begins, where it is about mending."""
    path = _PATIENTS / f"{name}.yaml"
    return path if path.is_file() else None
