"""The study's files in a learner's folder: copied there, brought up to date, never over the learner's own changes.

What was copied is remembered in `DIR/.meshtutor/copied.json` (path -> SHA-256): a file that no longer has the hash
it was copied with is the learner's, and is left alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

_FOLDERS = ("notebooks", "manifests")
_SKIPPED = (".ipynb_checkpoints", "__pycache__")


def copy_study(source: Path, target: Path) -> tuple[list[str], list[str]]:
    """Copy notebooks and manifests; return what was written and what was kept because it was changed."""
    record = target / ".meshtutor" / "copied.json"
    known: dict[str, str] = json.loads(record.read_text()) if record.is_file() else {}
    written, kept = [], []
    for name in _names(source):
        fresh, existing = hashlib.sha256((source / name).read_bytes()).hexdigest(), _hash(target / name)
        if existing == fresh:
            known[name] = fresh
        elif existing is None or existing == known.get(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
            known[name] = fresh
            written.append(name)
        else:
            kept.append(name)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(known, indent=1))
    return written, kept


def _names(source: Path) -> list[str]:
    files = (path for folder in _FOLDERS for path in sorted((source / folder).rglob("*")) if path.is_file())
    return [str(p.relative_to(source)) for p in files if not set(p.parts) & set(_SKIPPED)]


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
