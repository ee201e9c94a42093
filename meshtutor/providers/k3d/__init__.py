"""The study's own path: a k3d cluster with Istio, made step by step with k3d, istioctl and kubectl.

Belongs here: the steps of `meshtutor up --on k3d`, one class each, every one a command that a learner could type;
their order; and the way back, `down --on k3d`. Does not belong here: what is true of any cluster with Istio
(`providers.context`), and how programs are run (`providers.tools`).

Left out: more than one server node, a registry of one's own, k3d on another machine (DOCKER_HOST).
"""
