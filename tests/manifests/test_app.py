"""The study's application: what it answers, whom it asks, and how it misbehaves when told to."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def test_the_page_shows_book_stars_and_who_answered(shop):
    answer = shop["productpage"].get("/productpage")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-app-service"] == "productpage"
    assert answer.headers["x-app-calls"] == "details=v1,reviews=v3,ratings=v1"
    assert "William Shakespeare" in answer.text
    assert 'class="stars red"' in answer.text
    assert "reviews-v3-pod" in answer.text


def test_every_json_answer_says_who_gave_it_and_whom_it_asked(shop):
    answer = shop["reviews"].get("/reviews/0")
    body = answer.json()
    assert (body["service"], body["version"], body["pod"]) == ("reviews", "v3", "reviews-v3-pod")
    assert answer.headers["x-app-pod"] == "reviews-v3-pod"
    (call,) = body["calls"]
    assert (call["service"], call["version"], call["status"]) == ("ratings", "v1", 200)
    assert body["reviews"][0]["rating"] == {"stars": 5, "color": "red"}


@pytest.mark.parametrize(("version", "color"), [("v1", None), ("v2", "black"), ("v3", "red")])
def test_versions_of_reviews_differ_in_their_stars(start, version, color):
    ratings = start("ratings")
    body = start("reviews", version, RATINGS_URL=ratings.url).get("/reviews/0").json()
    assert body["reviews"][0].get("rating", {}).get("color") == color
    assert len(body["calls"]) == (color is not None)


def test_a_service_that_is_down_leaves_a_gap_not_an_error(shop):
    shop["ratings"].stop()
    body = shop["reviews"].get("/reviews/0").json()
    assert body["reviews"][0]["rating"] == {"error": "Ratings service is currently unavailable"}
    assert body["calls"][0]["status"] == 0
    shop["reviews"].stop()
    page = shop["productpage"].get("/productpage")
    assert page.status_code == 200
    assert "reviews are currently unavailable" in page.text


def test_the_products_api_passes_on_what_the_others_say(shop):
    page = shop["productpage"]
    assert page.get("/api/v1/products").json()["products"][0]["title"] == "The Comedy of Errors"
    assert page.get("/api/v1/products/0").json()["author"] == "William Shakespeare"
    assert page.get("/api/v1/products/0/reviews").json()["reviews"][1]["rating"]["stars"] == 4
    assert page.get("/api/v1/products/0/ratings").json()["ratings"] == {"Reviewer1": 5, "Reviewer2": 4}
    assert page.get("/api/v1/products/0/price").status_code == 404


def test_trace_headers_and_the_user_travel_along(shop):
    headers = {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x-request-id": "me",
        "end-user": "jason",
    }
    shop["productpage"].get("/productpage", headers=headers)
    (line,) = [line for line in shop["ratings"].lines() if "/ratings/0" in line]
    assert 'trace_id="0af7651916cd43dd8448eb211c80319c"' in line
    assert 'request_id="me"' in line
    assert 'user="jason"' in line


def test_whoever_signs_in_becomes_the_header_end_user(shop):
    page = shop["productpage"]
    with requests.Session() as browser:
        shown = browser.post(f"{page.url}/login", data={"username": "ja son<b>"}, timeout=10)
        assert "ja son&lt;b&gt;" in shown.text
        assert any('user="ja son<b>"' in line for line in shop["details"].lines())
        browser.post(f"{page.url}/login", data={}, timeout=10)
        assert "Sign in" in browser.get(f"{page.url}/productpage", timeout=10).text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/reviews/x", 400), ("GET", "/reviews/-1", 400), ("GET", "/reviews/99999999999", 400),
     ("GET", "/reviews", 404), ("GET", "/reviews/0/1", 404), ("GET", "/nothing", 404), ("GET", "/%00", 404),
     ("POST", "/reviews/0", 405), ("DELETE", "/health", 405), ("PUT", "/fault", 400), ("HEAD", "/reviews/0", 200)],
)  # fmt: skip
def test_bad_requests_are_answered_with_a_sentence(start, method, path, status):
    app = start("reviews")
    answer = requests.request(method, app.url + path, data="{]" if method == "PUT" else None, timeout=10)
    assert answer.status_code == status
    assert method == "HEAD" or status == 200 or answer.json()["error"]
    assert app.get("/health").status_code == 200


@pytest.mark.parametrize(
    "raw",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
     b"GET / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n",
     b"POST /send HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
     b"\x00\xff\xfe\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_does_not_harm_it(start, raw):
    app = start("client")
    with socket.create_connection((app.url.split("/")[2].split(":")[0], 9080), 5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100)[:5] in (b"HTTP/", b'{"ser')
    assert app.get("/health").status_code == 200


def test_a_fault_can_be_switched_on_for_a_share_and_off_again(start):
    app = start("ratings")
    fault = {"status": 503, "share": 0.5}
    assert requests.put(f"{app.url}/fault", json=fault, timeout=10).json()["fault"]["share"] == 0.5
    statuses = [app.get("/ratings/0").status_code for _ in range(60)]
    assert set(statuses) == {200, 503}  # by chance all alike once in 2**59 runs
    assert app.get("/health").status_code == 200
    assert requests.delete(f"{app.url}/fault", timeout=10).json()["cleared"] is True
    assert requests.delete(f"{app.url}/fault", timeout=10).json()["cleared"] is False
    assert {app.get("/ratings/0").status_code for _ in range(20)} == {200}


def test_a_delay_holds_as_long_as_it_says_and_ends_with_the_fault(start):
    app = start("ratings")
    requests.put(f"{app.url}/fault", json={"delay_ms": 150}, timeout=10)
    assert app.get("/ratings/0").elapsed.total_seconds() >= 0.15
    requests.put(f"{app.url}/fault", json={"hang": True}, timeout=10)
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(app.get, "/ratings/0")
        assert app.get("/health").status_code == 200
        assert not hanging.done()
        requests.delete(f"{app.url}/fault", timeout=10)
        assert hanging.result(timeout=5).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"share": 2}, {"status": 99}, {"delay_ms": "soon"}, {"stauts": 500}, ["x"]]
)
def test_a_fault_that_makes_no_sense_is_refused(start, wrong):
    app = start("ratings")
    assert requests.put(f"{app.url}/fault", json=wrong, timeout=10).status_code == 400
    assert app.get("/fault").json()["fault"] is None


def test_the_client_sends_and_reports_each_answer(shop, start):
    client = start("client")
    job = {"url": f"{shop['reviews'].url}/reviews/0", "n": 40, "concurrency": 5}
    results = requests.post(f"{client.url}/send", json=job, timeout=20).json()["results"]
    assert len(results) == 40
    assert {(r["status"], r["service"], r["version"], r["pod"]) for r in results} == {
        (200, "reviews", "v3", "reviews-v3-pod")
    }
    assert all(r["milliseconds"] > 0 and r["calls"] == [["ratings", "v1"]] for r in results)


def test_a_body_may_come_in_chunks_and_the_connection_stays_usable(start):
    app = start("ratings")
    with requests.Session() as session:
        parts = iter([b'{"status": ', b"418}"])
        assert session.put(f"{app.url}/fault", data=parts, timeout=10).json()["fault"]["status"] == 418
        assert session.get(f"{app.url}/ratings/0", timeout=10).status_code == 418


def test_the_client_keeps_a_rate_and_survives_what_cannot_be_reached(start):
    client = start("client")
    job = {"url": "http://127.211.7.200:1/", "n": 5, "rate": 20}
    answer = requests.post(f"{client.url}/send", json=job, timeout=20)
    results = answer.json()["results"]
    assert {r["status"] for r in results} == {0}
    assert max(r["at"] for r in results) >= 4 / 20
    assert all("refused" in r["error"] for r in results)
    for wrong in ({"url": "x", "n": 0}, {"n": 1}, {"url": "http://a", "n": "many"}):
        assert requests.post(f"{client.url}/send", json=wrong, timeout=10).status_code == 400


def test_calls_go_through_the_proxy_in_absolute_form_and_keep_its_connection(start):
    seen: list[tuple[str, str]] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append((self.path, str(self.client_address)))
            body = json.dumps({"service": "ratings", "ratings": {"Reviewer1": 1}}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        app = start("reviews", "v2", http_proxy=f"http://127.0.0.1:{proxy.server_port}")
        for _ in range(5):
            assert app.get("/reviews/0").json()["reviews"][0]["rating"]["stars"] == 1
        proxy.shutdown()
    assert {path for path, _ in seen} == {"http://ratings:9080/ratings/0"}
    assert len({connection for _, connection in seen}) == 1


def test_a_connection_that_the_other_side_closed_is_replaced(shop):
    reviews, old = shop["reviews"], shop["ratings"]
    assert reviews.get("/reviews/0").json()["calls"][0]["status"] == 200
    address = old.url
    old.stop()
    assert reviews.get("/reviews/0").json()["calls"][0]["status"] == 0
    assert address.startswith("http://127.")


def test_connections_are_kept_open(start):
    app = start("details")
    with requests.Session() as session:
        session.get(f"{app.url}/details/0", timeout=5)
        first = [str(c.sock.getsockname()) for c in _sockets(session)]
        session.get(f"{app.url}/details/0", timeout=5)
        assert [str(c.sock.getsockname()) for c in _sockets(session)] == first


def _sockets(session: requests.Session):
    adapter = session.get_adapter("http://")
    (pool,) = adapter.poolmanager.pools._container.values()
    return [connection for connection in list(pool.pool.queue) if connection is not None]


def test_it_ends_calmly_after_the_calls_under_way(start):
    app = start("ratings")
    requests.put(f"{app.url}/fault", json={"delay_ms": 400}, timeout=10)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(app.get, "/ratings/0")
        _until(lambda: not slow.done() and slow.running())
        seconds = app.stop()
        assert slow.result(timeout=5).status_code == 200
    assert 0.1 < seconds < 3
    assert app.process.returncode == 0
    assert "stopped" in app.lines()[-1]


def test_an_unknown_service_is_a_sentence_and_not_a_traceback(start):
    with pytest.raises(AssertionError, match="does not listen"):
        start("reviewz")


def _until(condition, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
