"""What Kubernetes does for one kind before it is stored: defaults, server-owned fields, semantic checks.

A `Strategy` (base.py) per kind, found by `table.py`. Here are no awaits and no I/O; a strategy may look into the
store only for allocation (services). Types and unknown fields are not its business: `schema/` does those.
"""
