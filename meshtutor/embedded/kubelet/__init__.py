"""Pods as local processes: kubelet's, kube-proxy's and (for one container) the sidecar injector's part.

Only this folder starts processes, and only through `spawner`, a small child of the lab that takes every
process with it when it goes. What belongs here: images, environment, volumes, probes, logs, restarts, status,
Envoy's bootstrap, and the network that pods without a sidecar see. What does not: what an Envoy is told later
(xds/, istio/), which pods exist (controllers/), HTTP to the world (apiserver/).

    from meshtutor.embedded.kubelet.catalogue import default_images
    from meshtutor.embedded.kubelet.images import InProcess
    from meshtutor.embedded.kubelet.injection import inject
    from meshtutor.embedded.kubelet.kubelet import Kubelet
    from meshtutor.embedded.kubelet.network import NodeNetwork

    registry = Registry(..., mutators=[inject])
    images = default_images(Tokens(secret), lab_dir, prometheus_binary)
    images.add("istio/pilot", InProcess(istiod, loggers=("meshtutor.embedded.istio",)))  # async def istiod(place)
    kubelet = Kubelet(registry, block, lab_dir / "pods", images)
    network = NodeNetwork(registry, block, forwards={8000: 30000})
    await kubelet.start(), await network.start()    # LabError if a port is taken
    ...
    kubelet.logs                                    # LogSource for the API server
    await network.stop(), await kubelet.stop()      # leaves no process
"""
