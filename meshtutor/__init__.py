"""Learn the service mesh with Istio in notebooks, on real Envoys.

>>> import meshtutor as mt
>>> mesh = mt.connect()

Names load when they are first used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meshtutor import charts, exercises, widgets
    from meshtutor.errors import MeshtutorError
    from meshtutor.notebook import connect, show

__all__ = ["MeshtutorError", "charts", "connect", "exercises", "show", "widgets"]

_HOMES = {"MeshtutorError": "errors", "connect": "notebook", "show": "notebook"}
_FOLDERS = ("charts", "exercises", "widgets")


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
