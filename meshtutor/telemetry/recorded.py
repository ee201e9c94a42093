"""Ten minutes are too long for a lesson: real samples of a real mesh, recorded once.

`two_incidents.json` are the requests of the client for ratings, at 12 per second for six minutes, as a Prometheus that
scrapes every second had them. Twice, for 40 seconds each, half of them failed with 503; before the first time there
was no series of that status.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from meshtutor.telemetry.results import Series
from meshtutor.telemetry.scraping import History

INCIDENTS: Final = ((66.0, 106.0), (216.0, 256.0))  # seconds from the start
_FILE: Final = Path(__file__).with_name("two_incidents.json")


def two_incidents() -> History:
    """The failed requests of the recording; its clock starts at zero."""
    recorded = json.loads(_FILE.read_text(encoding="utf-8"))
    series = tuple(
        Series(one["labels"], tuple((when, value) for when, value in one["points"]))
        for one in recorded["series"]
        if one["labels"]["response_code"] == "503"
    )
    return History(series, 0.0, float(recorded["seconds"]), recorded["selector"])
