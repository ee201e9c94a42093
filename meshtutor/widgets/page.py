"""`Page`: the application's own page inside the notebook, wherever the notebook's server runs.

The browser may be far from the mesh (Binder, JupyterHub): there `localhost` is the wrong machine. So the page comes
through Jupyter's own server (jupyter-server-proxy, `proxy/PORT/`), below the address at which the browser already
reaches it; that address only the page knows. Without JupyterLab around (VS Code), the frame goes to the gateway.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import anywidget
from traitlets import Int, Unicode

from meshtutor.display import surroundings
from meshtutor.mesh import Mesh

_FRAME: Final = """
function address(model) {
  const told = document.getElementById("jupyter-config-data");
  if (!told || !model.get("port")) return model.get("direct");
  return JSON.parse(told.textContent).baseUrl + "proxy/" + model.get("port") + model.get("path");
}
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.style.cssText = "width:100%;border:1px solid var(--jp-border-color2,#8884);border-radius:4px;background:#fff";
  frame.title = "the application's page";
  frame.height = model.get("height");
  const load = () => { frame.src = address(model); };
  const bar = document.createElement("div");
  const again = document.createElement("button");
  again.textContent = "Reload";
  again.className = "jupyter-button widget-button";
  again.onclick = load;
  bar.append(again);
  el.append(bar, frame);
  load();
  model.on("change:path", load);
  model.on("change:loads", load);
}
export default { render };
"""


class _Frame(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget's base has no types
    _esm = _FRAME
    port = Int().tag(sync=True)
    path = Unicode().tag(sync=True)
    direct = Unicode().tag(sync=True)
    height = Int().tag(sync=True)
    loads = Int().tag(sync=True)


class Page:
    """A path of the gateway, such as `/productpage`, as the browser shows it; `reload()` asks for it again.

    `height` in pixels. Without a browser it prints the page's address.
    """

    def __init__(self, mesh: Mesh, path: str = "/productpage", height: int = 480) -> None:
        gateway = urlsplit(mesh.gateway)
        self.url = mesh.gateway + path
        local = gateway.hostname in ("localhost", "127.0.0.1")
        self._settings = {
            "port": (gateway.port or 80) if local else 0,
            "path": path,
            "direct": self.url,
            "height": height,
        }
        self._frame: _Frame | None = None

    def reload(self) -> None:
        """Ask for the page again."""
        if self._frame is not None:
            self._frame.loads += 1

    def close(self) -> None:
        """Take it out of the notebook."""
        if self._frame is not None:
            self._frame.close()
            self._frame = None

    def __repr__(self) -> str:
        return self.url

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not surroundings.in_notebook():
            return {"text/plain": repr(self)}
        if self._frame is None:
            self._frame = _Frame(**self._settings)
        bundle = self._frame._repr_mimebundle_(include=include, exclude=exclude)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**(data or {}), "text/plain": repr(self)}
