"""A Kubernetes-compatible API server on one asyncio loop, for kubectl, client-go and the official Python client.

`registry` implements `embedded.api.Api` for the parts inside the box; `http/` serves the same registry over TLS.
Below them: `store` (objects, revisions, the log of changes), `resources` (what is served), `schema/` (one
structural-schema mechanism for built-in kinds and CRDs), `strategies/` (what Kubernetes does for one kind: defaults,
immutable fields, checks), `patches/` (merge, JSON, strategic merge, server-side apply), `admission`, `deletion`.

What belongs here: the API's own behaviour. What does not: what follows from objects (controllers/, kubelet/), and
what an Istio object means (istio/). Istio's kinds arrive as CustomResourceDefinitions, their semantic checks and the
sidecar's injection as admission functions.

    registry = Registry(Block(20))                     # late registration is fine for all of these:
    registry.log_source = kubelet.logs                 # see logs.LogSource
    registry.mutators.append(inject_sidecar)           # (Request) -> None, or awaitable
    registry.validators.append(check_virtual_service)  # (Request) -> warnings, or raises InvalidError
    await registry.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    async for event in registry.watch(POD, SERVICE):   # ADDED..., BOOKMARK, then every change
        ...
    server = ApiServer(registry, token, make_pki(directory, ["127.20.0.1"]))
    await server.start("127.20.0.1", 6443)             # LabError if the port is taken
    write_kubeconfig(path, "default", server.url, pki.ca_pem, token)

Left out: RBAC, quotas, webhooks, exec and attach, HTTP/2, protobuf answers, CEL rules. Each module says its own.
"""
