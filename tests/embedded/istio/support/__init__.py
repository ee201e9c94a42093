"""A mesh for tests: objects, an API that is only a watch, echo servers as apps, and real Envoys."""
