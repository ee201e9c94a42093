"""`up`, `down` and `status` where the mesh runs in a real cluster.

Belongs here: turning arguments into a provider's options and its answers into lines. Does not belong here: how a
cluster is made or read (`providers.k3d`, `providers.context`).
"""
