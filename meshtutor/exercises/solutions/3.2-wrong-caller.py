# Wrong: who calls a slow one waits for it, and is slow by no fault of its own.
slow = mesh.traces.search(f"productpage.{mesh.namespace}", slower_than=600, seconds=60)
trace = mesh.traces.wait(slow[0].id)
waited = max(trace.critical_path, key=lambda segment: segment.milliseconds).span
caller = waited
while caller is not None and caller.pod == waited.pod:
    caller = trace.parent(caller)
answer = caller.pod.rsplit("-", 2)[0] if caller else "the user"
