"""Reference answers and recorded wrong ones: YAML files in solutions/.

`6.1.yaml` is the reference answer of 6.1; `6.1-wrong-NAME.yaml` are answers that a check must refuse. Their
first line is a comment that says what they do, or what is wrong with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "solutions"


def reference(name: str) -> str:
    """The reference answer of an exercise, as YAML text."""
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def wrong(name: str) -> dict[str, str]:
    """The recorded wrong answers by file name, at least one per exercise."""
    return {
        file.stem: file.read_text(encoding="utf-8") for file in sorted(_FOLDER.glob(f"{name}-wrong-*.yaml"))
    }
