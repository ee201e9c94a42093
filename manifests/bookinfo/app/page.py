"""The web page: details on one side, reviews on the other, and below who answered."""

from html import escape
from pathlib import Path
from string import Template

FACTS = ("author", "year", "type", "pages", "publisher", "language", "ISBN-10", "ISBN-13")


def render(product, user, facts, opinions, answers):
    """page.html filled in. `answers` are entries of `calls`; whatever came from elsewhere is escaped."""
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(product["title"]),
        description=escape(product["description"]),
        user=login(user),
        details=listed(facts) if facts else unavailable("details"),
        reviews="".join(map(quoted, opinions.get("reviews", ()))) if opinions else unavailable("reviews"),
        calls="".join(map(row, answers)),
    )


def login(user):
    """A form that signs in by name alone: a rule may send one user elsewhere."""
    if user:
        return f'<form method="post" action="login">{escape(user)} <button>Sign out</button></form>'
    field = '<input name="username" placeholder="name" aria-label="name">'
    return f'<form method="post" action="login">{field}<button>Sign in</button></form>'


def row(entry):
    """One line of the table: who answered, and how."""
    failed = "" if entry["status"] == 200 else ' class="pill failed"'
    version = escape(str(entry.get("version", "")))
    cells = (
        escape(str(entry["service"])),
        f'<span class="pill {version}">{version or "-"}</span>',
        escape(str(entry.get("pod", ""))),
        f"<span{failed}>{entry['status'] or 'no answer'}</span>",
        f"{entry['milliseconds']} ms" if "milliseconds" in entry else "",
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def listed(facts):
    """A book's facts as a list."""
    items = (f"<dt>{escape(key)}</dt><dd>{escape(str(facts[key]))}</dd>" for key in FACTS if key in facts)
    return f"<dl>{''.join(items)}</dl>"


def quoted(review):
    """One review, with its stars if it has any."""
    rating, below = review.get("rating") or {}, ""
    if "error" in rating:
        below = f'<p class="error">{escape(str(rating["error"]))}</p>'
    elif rating:
        stars = int(rating.get("stars") or 0)
        color = escape(str(rating.get("color")))
        below = f'<div class="stars {color}" aria-label="{stars} of 5 stars">{"★" * stars}{"☆" * (5 - stars)}</div>'
    text, who = escape(str(review["text"])), escape(str(review["reviewer"]))
    return f"<blockquote>{text}<br><cite>{who}</cite>{below}</blockquote>"


def unavailable(service):
    """What stands where a service's answer should."""
    return f'<p class="error">Sorry, {service} are currently unavailable.</p>'
