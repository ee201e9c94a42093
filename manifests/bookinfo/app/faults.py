"""Misbehaviour of this one pod, switched on and off while it runs.

PUT /fault {"delay_ms": 2000, "status": 503, "share": 0.5, "hang": false}      GET /fault      DELETE /fault
"""

import random
import threading


class Fault:
    """What goes wrong on purpose: a delay, an error status, or no answer at all, for a `share` (0 to 1) of requests."""

    def __init__(self, delay_ms=0, status=0, share=1.0, hang=False):
        self.delay_ms, self.status, self.share, self.hang = (
            float(delay_ms),
            int(status),
            float(share),
            bool(hang),
        )
        if not (
            0 <= self.delay_ms <= 600_000 and 0 <= self.share <= 1 and self.status in (0, *range(200, 600))
        ):
            raise ValueError("expected delay_ms from 0 to 600000, status from 200 to 599, share from 0 to 1")
        self.over = threading.Event()

    def meet(self):
        """Delay or hang until the fault is taken away; the status to answer with, or 0 for none."""
        if random.random() >= self.share:  # noqa: S311
            return 0
        if self.hang or self.delay_ms:
            self.over.wait(None if self.hang else self.delay_ms / 1000)
        return self.status

    def to_dict(self):
        """As JSON has it."""
        return {"delay_ms": self.delay_ms, "status": self.status, "share": self.share, "hang": self.hang}


class Switch:
    """Holds this pod's fault, if any."""

    def __init__(self):
        self.fault = None

    def meet(self):
        """See `Fault.meet`."""
        return self.fault.meet() if self.fault else 0

    def show(self, _):
        """GET."""
        return {"fault": self.fault and self.fault.to_dict()}, []

    def set(self, request):
        """PUT."""
        try:
            fault = Fault(**request.json())
        except (TypeError, ValueError) as error:
            raise ValueError(
                f'{error}; for instance {{"delay_ms": 2000, "status": 503, "share": 0.5}}'
            ) from error
        self.clear(request)
        self.fault = fault
        return self.show(request)

    def clear(self, _):
        """DELETE; requests that hang go on. `cleared` says whether there was a fault."""
        before, self.fault = self.fault, None
        if before:
            before.over.set()
        return {"cleared": before is not None}, []
