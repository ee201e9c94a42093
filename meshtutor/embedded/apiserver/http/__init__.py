"""The registry over HTTPS: what kubectl and client-go say and expect to hear.

One handler per verb or subresource, its URL above it; `paths` reads URLs, `answers` writes bodies and headers. Nothing
is decided about objects here: the registry does that, and whoever calls it in-process gets the same answers.
"""
