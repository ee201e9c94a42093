"""Kubernetes objects: kinds, manifests, selectors, and the thin layer over the official client.

Objects are plain dicts, as in YAML. Here is no knowledge of Istio's rules, of labs or of lessons.
"""
