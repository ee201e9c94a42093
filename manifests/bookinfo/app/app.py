"""The study's application: one program, five services, in the shape of Istio's Bookinfo.

    productpage  /productpage (a web page), /api/v1/products[/0[/reviews|/ratings]]   calls details, reviews
    details      /details/0
    reviews      /reviews/0     v1 shows no stars; v2 asks ratings and shows black ones, v3 red ones
    ratings      /ratings/0
    client       POST /send     sends requests from inside the cluster and reports each answer

Every answer says who gave it: headers x-app-service, x-app-version, x-app-pod, and in JSON also `calls`, the
requests that this one caused. All have /health and /fault (see faults.py).

Which of them a pod is, its environment says:
    SERVICE, VERSION, PORT (9080)    BIND_ADDRESS (0.0.0.0)    HOSTNAME: the pod's name, set by Kubernetes
    STAR_COLOR: another colour for reviews                     http_proxy, TIMEOUT, RATINGS_URL: see calls.py
"""

import os
from urllib.parse import parse_qs, quote

from calls import call, send
from faults import Switch
from web import RefusedError, Server, flat

SERVICE = os.environ.get("SERVICE", "productpage")
VERSION = os.environ.get("VERSION", "v1")
POD = os.environ.get("HOSTNAME", "unknown")
STAR_COLOR = os.environ.get("STAR_COLOR", {"v2": "black", "v3": "red"}.get(VERSION, ""))

PRODUCT = {
    "id": 0,
    "title": "The Comedy of Errors",
    "description": "One of William Shakespeare's early plays, his shortest and one of his most farcical: much of the "
    "humour comes from slapstick and mistaken identity, puns and word play.",
}
BOOK = {
    "author": "William Shakespeare", "year": 1595, "type": "paperback", "pages": 200, "publisher": "PublisherA",
    "language": "English", "ISBN-10": "1234567890", "ISBN-13": "123-1234567890",
}  # fmt: skip
REVIEWS = (
    ("Reviewer1", "An extremely entertaining play. The slapstick humour is refreshing!"),
    ("Reviewer2", "Absolutely fun, though it lacks the depth of the later plays."),
)
RATINGS = {"Reviewer1": 5, "Reviewer2": 4}


def product_id(text):
    """The number in a path such as /reviews/0."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RefusedError(400, f"{text!r} is not a product id; expected a number, such as 0")
    return int(text)


def details(_, number):
    """A book's facts."""
    return {"id": product_id(number), **BOOK}, []


def ratings(_, number):
    """Stars by reviewer."""
    return {"id": product_id(number), "ratings": RATINGS}, []


def reviews(request, number):
    """Two reviews; from v2 on with stars, or with the reason why there are none."""
    number = product_id(number)
    answer = {"id": str(number), "reviews": [{"reviewer": who, "text": text} for who, text in REVIEWS]}
    if not STAR_COLOR:
        return answer, []
    value, entry = call("ratings", f"/ratings/{number}", request.forwarded)
    stars = value.get("ratings", {}) if value else {}
    for review in answer["reviews"]:
        known = {"stars": stars.get(review["reviewer"]), "color": STAR_COLOR}
        review["rating"] = known if value else {"error": "Ratings service is currently unavailable"}
    return answer, [entry]


def product_page(request):
    """The web page. A service that fails leaves a gap in it, not an error."""
    from page import render  # only this service needs it

    facts, first = call("details", "/details/0", request.forwarded)
    opinions, second = call("reviews", "/reviews/0", request.forwarded)
    me = {"service": SERVICE, "version": VERSION, "pod": POD, "status": 200}
    calls = [first, second]
    return render(PRODUCT, request.user, facts, opinions, [me, *flat(calls)]), calls


def products(_):
    """All there is to buy."""
    return {"products": [PRODUCT]}, []


def part_of_product(request, number, part="details"):
    """What another service knows of a product."""
    if part not in ("details", "reviews", "ratings"):
        raise RefusedError(404, f"a product has details, reviews and ratings, no {part!r}")
    value, entry = call(part, f"/{part}/{product_id(number)}", request.forwarded)
    if value is None:
        raise RefusedError(
            entry["status"] if entry["status"] >= 400 else 503, f"{part}: {entry.get('error')}"
        )
    return {key: value[key] for key in value if key not in ("service", "version", "pod", "calls")}, [entry]


def log_in(request):
    """Keep a name in a cookie, or forget it; the page then sends it on as the header end-user."""
    name = parse_qs(request.body.decode("utf-8", "replace")).get("username", [""])[0][:40]
    cookie = f"user={quote(name)}; Path=/; SameSite=Lax" if name else "user=; Path=/; Max-Age=0"
    request.status, request.extra_headers = 303, [("set-cookie", cookie), ("location", "productpage")]
    return "", []


def send_many(request):
    """Send requests as this pod; see `calls.send`."""
    return {"results": send(request.json())}, []


def health(_):
    """Whether this pod can answer: yes."""
    return {"status": "ok"}, []


SWITCH = Switch()
ROUTES = {
    "details": {"details": {"GET": details}},
    "ratings": {"ratings": {"GET": ratings}},
    "reviews": {"reviews": {"GET": reviews}},
    "client": {"send": {"POST": send_many}},
    "productpage": {
        "": {"GET": product_page},
        "productpage": {"GET": product_page},
        "login": {"POST": log_in},
        "api/v1/products": {
            "GET": lambda request, *rest: part_of_product(request, *rest) if rest else products(request)
        },
    },
}
COMMON = {"health": {"GET": health}, "fault": {"GET": SWITCH.show, "PUT": SWITCH.set, "DELETE": SWITCH.clear}}


def dispatch(request):
    """Find the function for a path: the longest route that the path begins with; the rest are its arguments."""
    routes = {**ROUTES[SERVICE], **COMMON}
    path = request.path.partition("?")[0].strip("/")
    found = [route for route in routes if path == route or (route and path.startswith(route + "/"))]
    if not found:
        raise RefusedError(
            404, f"{SERVICE} has no /{path}; it has {', '.join('/' + route for route in routes)}"
        )
    route = max(found, key=len)
    methods = routes[route]
    function = methods.get("GET" if request.command == "HEAD" else request.command)
    if function is None:
        raise RefusedError(405, f"/{route} takes {', '.join(methods)}")
    if route not in COMMON and (status := SWITCH.meet()):
        raise RefusedError(status, "a fault that was switched on in this pod; DELETE /fault ends it")
    arguments = path[len(route) :].strip("/").split("/") if path != route else []
    try:
        return function(request, *arguments)
    except TypeError as error:
        if "positional argument" not in str(error):
            raise
        raise RefusedError(
            404, f"/{path} is not a path of {SERVICE}; expected for instance /{route}/0"
        ) from error


def main():
    """Serve until told to stop."""
    if SERVICE not in ROUTES:
        raise SystemExit(f"SERVICE={SERVICE!r} is unknown; expected one of {', '.join(ROUTES)}")
    address = os.environ.get("BIND_ADDRESS") or "0.0.0.0", int(os.environ.get("PORT") or "9080")
    Server(address, dispatch, SERVICE, VERSION, POD).run()


if __name__ == "__main__":
    main()
