"""What the page is told of a figure: everything at once, so that it never draws an empty one."""

from __future__ import annotations

from typing import Any

import comm
import pytest

from meshtutor.charts import shares
from meshtutor.traffic.history import ShareHistory
from meshtutor.widgets.figure import living


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The states of the widgets that the page is told of."""
    found: list[dict[str, Any]] = []
    create = comm.create_comm

    def remember(**how: Any) -> Any:
        found.append(how["data"]["state"])
        return create(**how)

    monkeypatch.setattr(comm, "create_comm", remember)
    return found


def test_a_figure_is_told_of_with_its_traces_and_its_layout(opened):
    chart = shares(ShareHistory(("v1", "v2")))
    figure = living(chart)
    (told,) = [state for state in opened if "_widget_data" in state]
    assert [trace["name"] for trace in told["_widget_data"]] == [trace.name for trace in chart.data]
    assert told["_widget_layout"]["height"] == chart.layout.height
    assert told["_config"] == {"displayModeBar": False, "responsive": True}
    figure.data[0].name = "changed"
    assert figure.comm is not None
    figure.close()
