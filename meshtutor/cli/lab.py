"""Bring the mesh up and open JupyterLab: the first notebook on the left, the living mesh on the right.

Outside a checkout the notebooks and manifests are copied into DIR first, never over a file that you have changed.
Arguments that meshtutor does not know go to JupyterLab, e.g. `--no-browser --port 8899`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from meshtutor.cli import render, up, workspace
from meshtutor.cli.clusters import status as cluster_status
from meshtutor.cli.result import Result
from meshtutor.config import study
from meshtutor.errors import MeshtutorError
from meshtutor.providers import resolve
from meshtutor.providers.copies import copy_study

_FIRST = "notebooks/00_start_here.ipynb"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where the notebooks are; the rest is JupyterLab's."""
    parser.add_argument("directory", nargs="?", default="meshtutor-study", metavar="DIR", type=Path)
    parser.add_argument("--gateway-port", type=int, metavar="PORT", help="as for `meshtutor up`")
    parser.add_argument("--no-jupyter", action="store_true", help="copy and bring the mesh up, then return")


def run(args: argparse.Namespace) -> Result:
    """Ends when JupyterLab does; the mesh goes on until `meshtutor down`."""
    directory = args.directory.absolute()
    for text in _prepare(directory):
        render.line(text)
    started = _mesh(args)
    for text in started.lines[:2]:
        render.line(text)
    if not args.no_jupyter:
        render.line("Opening JupyterLab; without a browser here, open the URL it prints. Ctrl-C ends it.")
        _jupyter(directory, args.rest, args.name)
    after = (
        f"The mesh runs on. Next: `meshtutor lab {args.directory}` opens it again, `meshtutor down` ends it."
    )
    return Result({"directory": str(directory), **started.data}, (after,))


def _mesh(args: argparse.Namespace) -> Result:
    """The embedded mesh is brought up; a cluster, which takes minutes, must be up already."""
    chosen, why = resolve.choose(args.name)
    if chosen == "embedded":
        return up.run(args)
    found = cluster_status.run(args.name, chosen, why)
    if found.code:
        raise MeshtutorError(
            f"The lab {args.name!r} on {chosen} is not ready ({why}).", f"meshtutor up --on {chosen}"
        )
    return found


def _prepare(directory: Path) -> list[str]:
    if (directory / _FIRST).is_file() and (directory / "pyproject.toml").is_file():
        return []  # a checkout: its own files are the study
    if not (study() / "notebooks").is_dir():
        raise MeshtutorError(
            "The notebooks are missing from this installation.", "pip install --force-reinstall meshtutor"
        )
    copied, kept = copy_study(study(), directory)
    lines = [f"Copied {len(copied)} files to {directory}."] if copied else []
    return lines + [f"Kept your changed {name}." for name in kept]


def _jupyter(directory: Path, rest: list[str], name: str) -> None:
    """JupyterLab in the foreground, with its token; its news pop-up is off, as a dialog blocks the first notebook."""
    defaults = Path(__file__).parent.parent / "_jupyter"
    path = os.pathsep.join(p for p in (str(defaults), os.environ.get("JUPYTER_CONFIG_PATH", "")) if p)
    workspaces = directory / ".meshtutor" / "workspaces"
    workspace.furnish(workspaces, _FIRST)
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": path, "MESHTUTOR_LAB": name}
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={directory}",
               f"--LabApp.workspaces_dir={workspaces}", f"--LabApp.default_url=/lab/workspaces/{workspace.NAME}",
               "--ServerApp.ip=127.0.0.1", "--log-level=WARN"]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--allow-root")
    process = subprocess.Popen([*command, *rest], env=environment, cwd=directory)
    try:
        process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
