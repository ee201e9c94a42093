"""Lists in pages, watches from every starting point, tables and metadata on both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from meshtutor.kube.kinds import CONFIG_MAP, POD
from tests.embedded.apiserver.conftest import Served
from tests.embedded.apiserver.objects import config_map, pod, widget, widget_definition

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
PARTIAL_LIST = (
    "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)


def create(served: Served, *names: str, **data: str) -> None:
    for name in names:
        served.run(served.registry.create(config_map(name, **data)))


def names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


@contextmanager
def watching(
    served: Served, path: str = MAPS, accept: str = "application/json", **query: str
) -> Iterator[Any]:
    """A function that answers the next event of a watch."""
    headers = {"Accept": accept}
    params = {"watch": "true", **query}
    answer = served.http.get(served.api.url + path, params=params, headers=headers, stream=True, timeout=20)
    assert answer.status_code == 200, answer.text
    lines = answer.iter_lines(chunk_size=1)
    try:
        yield lambda: json.loads(next(lines))
    finally:
        answer.close()


def said(event: dict[str, Any]) -> tuple[str, str]:
    return event["type"], event["object"].get("metadata", {}).get("name", "")


def test_a_list_comes_in_pages_that_lose_nothing(served: Served) -> None:
    create(served, *"abcde")
    found, token, pages = [], "", 0
    while pages == 0 or token:
        page = served.call("GET", f"{MAPS}?limit=2&continue={token}").json()
        found += names(page)
        token, pages = page["metadata"].get("continue", ""), pages + 1
        if pages == 1:
            assert page["metadata"]["remainingItemCount"] == 3
            create(served, "aa")
    assert (found, pages) == ([*"abcde"], 3)


def test_a_bad_page_token_is_a_400(served: Served) -> None:
    assert served.call("GET", f"{MAPS}?limit=1&continue=nonsense").status_code == 400


def test_an_exact_old_version_is_expired_and_a_future_one_too_large(served: Served) -> None:
    old = served.call("GET", MAPS).json()["metadata"]["resourceVersion"]
    create(served, "a")
    exact = served.call("GET", f"{MAPS}?resourceVersion={old}&resourceVersionMatch=Exact")
    assert (exact.status_code, exact.json()["reason"]) == (410, "Expired")
    future = served.call("GET", f"{MAPS}?resourceVersion=99999")
    assert future.status_code == 504
    assert "Too large resource version" in future.json()["message"]
    assert (
        served.call("GET", f"{MAPS}?resourceVersion={old}&resourceVersionMatch=NotOlderThan").status_code
        == 200
    )


def test_a_watch_from_a_list_tells_what_happened_since(served: Served) -> None:
    version = served.call("GET", MAPS).json()["metadata"]["resourceVersion"]
    create(served, "a")
    served.run(served.registry.update(config_map("a", x="1")))
    served.run(served.registry.delete(CONFIG_MAP, "a", "default"))
    with watching(served, resourceVersion=version) as event:
        assert [said(event()) for _ in range(3)] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}])
def test_a_watch_without_a_version_begins_with_what_there_is(served: Served, query: dict[str, str]) -> None:
    create(served, "a", "b")
    with watching(served, **query) as event:
        assert [said(event()) for _ in range(2)] == [("ADDED", "a"), ("ADDED", "b")]
        create(served, "c")
        assert said(event()) == ("ADDED", "c")


def test_initial_events_end_with_a_bookmark_of_the_right_kind(served: Served) -> None:
    create(served, "a")
    query = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    with watching(served, **query) as event:
        assert said(event()) == ("ADDED", "a")
        bookmark = event()
        assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
        meta = bookmark["object"]["metadata"]
        assert meta["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert meta["resourceVersion"] == str(served.registry.store.revision)
        create(served, "b")
        assert said(event()) == ("ADDED", "b")


def test_contradicting_parameters_are_refused_so_that_clients_fall_back(served: Served) -> None:
    answer = served.call("GET", f"{MAPS}?watch=1&sendInitialEvents=true")
    assert answer.status_code == 422
    assert answer.json()["details"]["causes"][0]["field"] == "resourceVersionMatch"


def test_a_version_that_is_forgotten_is_an_error_event_410(served: Served) -> None:
    create(served, "a")
    for i in range(1100):
        served.run(served.registry.update(config_map("a", x=str(i))))
    with watching(served, resourceVersion="2") as event:
        error = event()
    assert (error["type"], error["object"]["code"], error["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_watch_ends_after_its_time_with_a_bookmark(served: Served) -> None:
    create(served, "a")
    version = str(served.registry.store.revision)
    query = f"{MAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={version}"
    lines = served.call("GET", query).text.splitlines()
    assert [said(json.loads(line)) for line in lines] == [("BOOKMARK", "")]


def test_objects_come_and_go_with_the_selection(served: Served) -> None:
    def put(value: str) -> None:
        change = {"metadata": {"labels": {"a": value}}}
        served.run(served.registry.patch(CONFIG_MAP, "x", "default", change))

    create(served, "x", "y")
    with watching(served, labelSelector="a=1") as event:
        for value in "121":
            put(value)
        served.run(served.registry.delete(CONFIG_MAP, "x", "default"))
        seen = [said(event()) for _ in range(4)]
    assert seen == [("ADDED", "x"), ("DELETED", "x"), ("ADDED", "x"), ("DELETED", "x")]


def test_fields_select_in_watches_too(served: Served) -> None:
    path = "/api/v1/pods"
    with watching(served, path, fieldSelector="status.phase!=Failed") as event:
        made = served.run(served.registry.create(pod("p")))
        assert said(event()) == ("ADDED", "p")
        served.run(served.registry.update({**made, "status": {"phase": "Failed"}}, subresource="status"))
        assert said(event()) == ("DELETED", "p")


def test_one_object_is_watched_by_name(served: Served) -> None:
    with (
        watching(served, fieldSelector="metadata.name=b") as by_field,
        watching(served, f"{MAPS}/b") as by_path,
    ):
        create(served, "a", "b")
        assert said(by_field()) == said(by_path()) == ("ADDED", "b")


def test_a_deleted_object_carries_the_revision_of_its_end(served: Served) -> None:
    create(served, "a")
    with watching(served, resourceVersion=str(served.registry.store.revision)) as event:
        served.run(served.registry.delete(CONFIG_MAP, "a", "default"))
        assert event()["object"]["metadata"]["resourceVersion"] == str(served.registry.store.revision)


def test_metadata_only_in_lists_and_watches(served: Served) -> None:
    create(served, "a", x="1")
    listed = served.call("GET", MAPS, Accept=PARTIAL_LIST).json()
    assert listed["kind"] == "PartialObjectMetadataList"
    assert set(listed["items"][0]) == {"kind", "apiVersion", "metadata"}
    with watching(served, accept=PARTIAL) as event:
        seen = event()["object"]
    assert (seen["kind"], seen["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert "data" not in seen


def test_tables_in_lists_and_watches(served: Served) -> None:
    served.run(served.registry.create(pod("p")))
    listed = served.call("GET", "/api/v1/pods", Accept=TABLE).json()
    assert [c["name"] for c in listed["columnDefinitions"] if not c["priority"]] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]
    (row,) = listed["rows"]
    assert row["cells"][:4] == ["p", "0/1", "Pending", "0"]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    with watching(served, "/api/v1/pods", TABLE) as event:
        assert event()["object"]["rows"][0]["cells"][0] == "p"
    whole = served.call("GET", "/api/v1/pods?includeObject=Object", Accept=TABLE).json()
    assert whole["rows"][0]["object"]["kind"] == "Pod"


def test_columns_of_custom_kinds(served: Served) -> None:
    served.run(served.registry.create(widget_definition()))
    made = served.run(served.registry.create(widget("w", hosts=["a", "b"])))
    status = {"conditions": [{"type": "Other", "status": "X"}, {"type": "Ready", "status": "True"}]}
    served.run(served.registry.update({**made, "status": status}, subresource="status"))
    found = served.call("GET", "/apis/example.com/v1/widgets", Accept=TABLE).json()
    assert [c["name"] for c in found["columnDefinitions"]] == ["Name", "Hosts", "Ready", "Age"]
    assert found["rows"][0]["cells"][:3] == ["w", '["a","b"]', "True"]


def test_two_watchers_hear_the_same(served: Served) -> None:
    with watching(served) as one, watching(served) as two:
        create(served, *"abc")
        assert [said(one()) for _ in range(3)] == [said(two()) for _ in range(3)]


def test_a_watch_in_one_namespace_hears_nothing_of_others(served: Served) -> None:
    from tests.embedded.apiserver.objects import namespace

    served.run(served.registry.create(namespace("other")))
    with watching(served) as event:
        served.run(served.registry.create(config_map("elsewhere", "other")))
        create(served, "here")
        assert said(event()) == ("ADDED", "here")


def test_an_event_arrives_at_once(served: Served) -> None:
    """Each of 50 changes is told before the next is made: the watch waits for nothing else."""
    with watching(served, "/api/v1/pods") as event:
        served.run(served.registry.create(pod("p")))
        event()
        for i in range(50):
            change = {"metadata": {"labels": {"i": str(i)}}}
            served.run(served.registry.patch(POD, "p", "default", change))
            assert event()["object"]["metadata"]["labels"]["i"] == str(i)
