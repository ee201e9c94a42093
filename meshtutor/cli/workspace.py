"""JupyterLab's workspace for the study: the lesson on the left, the living mesh on the right.

A workspace is JupyterLab's own memory of what is open and where, one JSON file each; it is written once and then
JupyterLab's, so that what a learner arranges stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

NAME: Final = "study"
PANEL: Final = "notebooks/panel.ipynb"
_SHARES: Final = [0.5, 0.5]


def workspace(lesson: str, panel: str = PANEL, name: str = NAME) -> dict[str, Any]:
    """The workspace as JupyterLab stores it; `lesson` and `panel` are paths from the server's root."""
    sides = [
        {"type": "tab-area", "currentIndex": 0, "widgets": [f"notebook:{path}"]} for path in (lesson, panel)
    ]
    dock = {"type": "split-area", "orientation": "horizontal", "sizes": _SHARES, "children": sides}
    opened = {f"notebook:{path}": {"data": {"path": path, "factory": "Notebook"}} for path in (lesson, panel)}
    layout = {
        "main": {"dock": dock, "current": f"notebook:{lesson}"},
        "left": {"collapsed": True, "widgets": []},
        "right": {"collapsed": True, "widgets": []},
    }
    return {"data": {"layout-restorer:data": layout, **opened}, "metadata": {"id": name}}


def furnish(folder: Path, lesson: str, name: str = NAME) -> bool:
    """Write it into JupyterLab's folder of workspaces unless it is there; whether it was written."""
    import json

    from jupyterlab_server.workspaces_handler import WorkspacesManager

    manager = WorkspacesManager(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    if any(known["metadata"]["id"] == name for known in manager.list_workspaces()):
        return False
    manager.save(name, json.dumps(workspace(lesson, name=name)))
    return True
