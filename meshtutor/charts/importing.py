"""Plotly's first figure, two seconds sooner.

Plotly imports nbformat, nbformat imports jsonschema, and jsonschema, for a check of internationalized addresses (RFC
3987) that no notebook needs, imports rfc3987_syntax, which compiles 39 grammars as it is imported. Here it is imported
when the check is used.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, Final

_NAME: Final = "rfc3987_syntax"


def postpone_grammars() -> None:
    """Put a stand-in in the place of rfc3987_syntax, unless it is there already or cannot be had at all."""
    if _NAME in sys.modules or (spec := find_spec(_NAME)) is None:
        return
    stand_in = module_from_spec(spec)  # not executed

    def real() -> ModuleType:
        if sys.modules.get(_NAME) is stand_in:
            del sys.modules[_NAME]
        return importlib.import_module(_NAME)

    def is_valid_syntax(term: str, value: str) -> bool:
        return bool(real().is_valid_syntax(term, value))

    def __getattr__(name: str) -> Any:  # noqa: N807  # a module's own (PEP 562)
        return getattr(real(), name)

    vars(stand_in).update(is_valid_syntax=is_valid_syntax, __getattr__=__getattr__)
    sys.modules[_NAME] = stand_in
