# Whom did a slow page wait for? The critical path of its trace says it, added up by pod.
slow = mesh.traces.search(f"productpage.{mesh.namespace}", slower_than=600, seconds=60)
trace = mesh.traces.wait(slow[0].id)
pod = next(iter(trace.waited_for("pod")))
answer = pod.rsplit("-", 2)[0]
