"""What a real cluster does by itself: kube-controller-manager's and kube-scheduler's part.

Each file holds one controller: a small `reconcile(key)` that reads the objects as they are now and moves the
cluster one step towards what they ask for. A controller never remembers what it did; a lost event costs
nothing but time. Pure arithmetic (how a rollout proceeds, whether a pod fits a node) lives beside it in a
file without awaits.

What is allowed here: `api.Api` through an `Informer`, and `network.Block` for addresses. What is not:
processes, sockets, files (kubelet/), Istio (istio/), HTTP (apiserver/).

    from meshtutor.embedded.controllers.run import run_all

    certificates = {"kube-root-ca.crt": {"ca.crt": pem}, "istio-ca-root-cert": {"root-cert.pem": mesh_pem}}
    task = asyncio.create_task(run_all(api, block, certificates))    # until cancelled
"""
