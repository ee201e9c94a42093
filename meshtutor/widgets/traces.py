"""`Traces`: a search form, the requests that it found, and one of them as a waterfall."""

from __future__ import annotations

from typing import Any

from meshtutor.display import surroundings
from meshtutor.mesh import Mesh
from meshtutor.widgets.traces_model import TracesModel


class Traces:
    """Finds requests by their traces, as Jaeger's page does: slow ones, failed ones, those through one service.

    A dot is a request; a click on it, or on its line in the list, shows where its time went: a bar for each span, and
    through the bars the critical path. It asks the trace store when a button or a field is touched, and at no other
    time. Without a browser `traces.model.slower_than = 50; traces.model.search()` does what the page does, and
    `traces.model.trace` is the trace that is looked at.
    """

    def __init__(self, mesh: Mesh, service: str = "", seconds: float = 900.0) -> None:
        named = f"{service}.{mesh.namespace}" if service and "." not in service else service
        self.model = TracesModel(mesh.traces, named, seconds)
        self._view: Any = None

    def close(self) -> None:
        """Take the widget out of the page."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def __repr__(self) -> str:
        self.model.search()
        if self.model.error:
            return str(self.model.error)
        return "\n\n".join(repr(part) for part in (self.model.found, self.model.trace) if part is not None)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        words = repr(self)  # first: it searches, and the face shows what was found
        if self._view is None:
            from meshtutor.widgets.traces_view import TracesView

            self._view = TracesView(self.model)
        bundle = self._view._repr_mimebundle_(include=include, exclude=exclude)
        return {**bundle, "text/plain": words}
