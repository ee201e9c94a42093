"""Against real programs: etcd, kube-apiserver, kubectl, istioctl, istiod and k3d.

They are found in MESHTUTOR_REAL_BIN, in what `make real` built, or on PATH; a test whose program is absent is skipped
with a reason. There is no kubelet and no controller here: what a cluster would do by itself is done by `caretaker`.
"""
