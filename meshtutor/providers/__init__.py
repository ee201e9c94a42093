"""Where a mesh runs: embedded on this machine, in k3d, or behind any kubeconfig context; and the rule that chooses.

Belongs here: finding, starting and ending such places, and answering `base.Provider` for them. Does not belong here:
what a lesson does with a mesh (`mesh`), and how the embedded cluster works inside (`embedded`).
"""
