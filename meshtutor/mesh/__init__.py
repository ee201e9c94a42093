"""What a lesson holds: `Mesh` and what its verbs return.

Belongs here: joining the parts below (a provider, the Kubernetes API, traffic, telemetry) into the verbs of a
lesson, each with a visible end. Does not belong here: how any of these work, and anything that draws.
"""

from meshtutor.mesh.mesh import Mesh

__all__ = ["Mesh"]
