# Wrong: whatever has no name is still let through.
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
                "ports": [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 9080}],
                "endpoints": [{"address": address} for address in addresses],
            },
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": "default"},
            "spec": {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}},
        },
    ]
)
