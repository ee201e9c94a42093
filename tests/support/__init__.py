"""Small real servers that tests talk to over HTTP, in place of a lab."""
