"""The CustomResourceDefinitions of Istio's kinds, as Istio 1.30 installs them, and of the Gateway API.

`crds()` makes them from `schemas/`, where each field is one line: its type and what it means, in our own words.
Here belongs what the shape of an object is: names, types, enums, required fields. What makes an object that has
the right shape wrong is in istio/validation; what the lab does not implement yet is in istio/validation/unsupported.

Left out: WasmPlugin and TrafficExtension, which need Istio's own build of Envoy; most of Istio's CEL rules, which
istio/validation states as sentences instead.
"""

from meshtutor.embedded.crds.definitions import crd, crds

__all__ = ["crd", "crds"]
