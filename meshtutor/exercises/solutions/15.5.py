# A pod gets its sidecar when it is made, so it is made anew.
mesh.restart("productpage-v1")
