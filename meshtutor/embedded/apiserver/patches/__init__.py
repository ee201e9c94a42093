"""The four ways to patch: JSON merge patch, JSON patch, strategic merge, server-side apply.

Each file holds one, as a pure function from the object as it is (and its schema, where lists merge by key) to the
object as it shall be. None changes its arguments; what may share structure with them says so.
"""
