"""Any cluster with Istio that a kubeconfig context leads to: kind, minikube, GKE, EKS, OpenShift, k3d.

Belongs here: whether such a cluster will do (Istio's version, our rights), a namespace of the learner's own in it, the
way to its gateway, and `provider.ClusterProvider`, which answers for it. Everything is asked through the Kubernetes
API; kubectl is not needed. Does not belong here: making a cluster (`providers.k3d` makes one, and answers by this
provider).

The rule of the house: what meshtutor did not make, it does not touch. What it makes carries the label
`app.kubernetes.io/managed-by: meshtutor`.
"""
