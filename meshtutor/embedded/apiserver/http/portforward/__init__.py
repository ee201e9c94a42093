"""`pods/NAME/portforward`: what `kubectl port-forward` and `istioctl proxy-config` go through.

Two ways to speak over a WebSocket, by its subprotocol: `tunnel` (SPDY frames inside, kubectl and client-go since 1.30)
and `channels` (v4.channel.k8s.io, the official Python client). `spdy` knows the frames, `sockets` the pod's side.

Left out: the old upgrade of the HTTP connection itself to SPDY/3.1, which clients use only when a WebSocket fails.
"""
