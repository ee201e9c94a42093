"""A widget without a face that says "somebody is looking" every few seconds.

ipywidgets tells a kernel neither that an output was closed nor that nobody can see it: JupyterLab hides the notebook
behind another one with `display: none` and leaves it in the document. So the page itself sends a beat while the widget
is displayed in a visible browser tab, and says with it whether the widget is in sight or scrolled away. Without beats,
leases run out and work stops. When only the output goes, the page says that, too.

Source: `Element.checkVisibility` (drafts.csswg.org/cssom-view); w3.org/TR/intersection-observer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import anywidget

SECONDS: Final = 3.0
LEASE_SECONDS: Final = 15.0

_BEAT = """
function render({ model, el }) {
  el.style.display = "none";
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let face = null, seen = true;
  const beat = () => {
    if (!el.isConnected || document.hidden) return;
    if (face !== el.parentElement) {
      face = el.parentElement;
      watch.disconnect();
      watch.observe(face);
    }
    if (face.checkVisibility?.() ?? true) model.send({ beat: true, seen, calm: still.matches });
  };
  const watch = new IntersectionObserver((found) => {
    const now = found[found.length - 1].isIntersecting;
    if (now === seen) return;
    seen = now;
    beat();
  });
  const soon = setTimeout(beat, 50);
  const timer = setInterval(beat, %d);
  document.addEventListener("visibilitychange", beat);
  return () => {
    clearTimeout(soon);
    clearInterval(timer);
    watch.disconnect();
    document.removeEventListener("visibilitychange", beat);
    model.send({ gone: true });
  };
}
export default { render };
"""


@dataclass(frozen=True)
class Beat:
    """Somebody has the notebook before them; the widget is `seen`, or scrolled out of sight.

    `calm`: their browser says that they want less motion.
    """

    seen: bool = True
    calm: bool = False


class Heartbeat(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget's base has no types
    """Calls `on_beat` for each beat of the page, and `on_gone` when an output with it was removed."""

    _esm = _BEAT % int(SECONDS * 1000)

    def __init__(self, on_beat: Callable[[Beat], None], on_gone: Callable[[], None]) -> None:
        super().__init__()
        self._on_beat = on_beat
        self._on_gone = on_gone
        self.on_msg(self._received)

    def _received(self, widget: Any, content: Any, buffers: Any) -> None:
        del widget, buffers
        if isinstance(content, dict):
            if content.get("beat"):
                self._on_beat(Beat(bool(content.get("seen", True)), bool(content.get("calm"))))
            elif content.get("gone"):
                self._on_gone()
