"""Serving configuration to Envoys: ADS and SDS over gRPC, versions, acknowledgements, and who waits for what.

What belongs here: the delta xDS protocol and its order of updates, the tokens that proxies present, the mesh's
certificate authority, and the record of which change reached which proxy when. What does not: any knowledge of
Kubernetes or of Istio's rules. A resource is a name, a version and bytes; `embedded.istio` makes them.
"""
