"""The cluster in a box: what a real cluster with Istio does, on one machine and without root.

`box` wires the parts. Each part knows only `api.Api` (the Kubernetes API) and `network` (addresses), so that each
can be swapped for the real one. Nothing here imports what learners see.
"""
