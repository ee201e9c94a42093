"""The images that every lab knows."""

from __future__ import annotations

from pathlib import Path

from meshtutor.embedded.kubelet.envoy import Issuer, proxyv2
from meshtutor.embedded.kubelet.images import Images, jaeger, prometheus, python


def default_images(tokens: Issuer, directory: Path, prometheus_binary: Path | None = None) -> Images:
    """`python`, `istio/proxyv2`, `jaegertracing/*` and, where its binary was found, `prom/prometheus`.

    `directory` is where the interpreter's environment is made; `tokens` gives each proxy its bearer token.
    """
    images = Images()
    images.add("python", python(directory / "python"))
    images.add("proxyv2", proxyv2(tokens))
    images.add("jaegertracing/*", jaeger())
    if prometheus_binary is not None:
        images.add("prom/prometheus", prometheus(prometheus_binary))
    return images
