"""What observes the mesh: finding and feeding Prometheus, the trace store.

Add-ons are pods like any other; here is what they need beside their manifest (`embedded/system`). No knowledge
of Istio's rules belongs here.
"""
