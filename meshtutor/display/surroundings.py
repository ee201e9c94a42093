"""Where the code runs: a notebook's kernel, a terminal, or neither (a script, CI).

A notebook executed headless (nbmake) has a kernel too; nothing here can tell it from JupyterLab, so nothing
that is displayed may wait for a browser.
"""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any | None:
    """The running IPython shell, or None. Does not import IPython: without it loaded there is no shell."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_notebook() -> bool:
    """Whether rich output has somewhere to go."""
    return hasattr(shell(), "kernel")


def in_terminal() -> bool:
    """Whether a person watches stderr."""
    return not in_notebook() and sys.stderr.isatty()
