"""A widget without a face that says "somebody is looking" every few seconds.

ipywidgets tells a kernel neither that an output was closed nor that the browser is gone. So the page itself
sends a beat while its cell is in the document and its tab is visible; without beats, leases run out and work
stops. When only the output goes, the page says that, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import anywidget

SECONDS: Final = 3.0
LEASE_SECONDS: Final = 15.0

_BEAT = """
function render({ model, el }) {
  el.style.display = "none";
  const beat = () => { if (el.isConnected && !document.hidden) model.send({ beat: true }); };
  const soon = setTimeout(beat, 50);
  const timer = setInterval(beat, %d);
  document.addEventListener("visibilitychange", beat);
  return () => {
    clearTimeout(soon);
    clearInterval(timer);
    document.removeEventListener("visibilitychange", beat);
    model.send({ gone: true });
  };
}
export default { render };
"""


class Heartbeat(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget's base has no types
    """Calls `on_beat` for each beat of the page, and `on_gone` when an output with it was removed."""

    _esm = _BEAT % int(SECONDS * 1000)

    def __init__(self, on_beat: Callable[[], None], on_gone: Callable[[], None]) -> None:
        super().__init__()
        self._on_beat = on_beat
        self._on_gone = on_gone
        self.on_msg(self._received)

    def _received(self, widget: Any, content: Any, buffers: Any) -> None:
        del widget, buffers
        if isinstance(content, dict):
            if content.get("beat"):
                self._on_beat()
            elif content.get("gone"):
                self._on_gone()
