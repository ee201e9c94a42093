# Wrong: the pods that are called have sidecars; the caller has none.
mesh.restart("reviews-v1")
