# Wrong: without targetPort the machines are called at port 80, where nobody listens.
addresses = [pod["status"]["podIP"] for pod in mesh.pods(namespace=mesh.own_name("partner"))]
mesh.apply(
    [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": {"name": "books"},
            "spec": {
                "hosts": ["books.partner.example"],
                "location": "MESH_EXTERNAL",
                "resolution": "STATIC",
                "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
                "endpoints": [{"address": address} for address in addresses],
            },
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": "default"},
            "spec": {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        },
    ]
)
