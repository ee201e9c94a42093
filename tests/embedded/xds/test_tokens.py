from __future__ import annotations

import pytest

from meshtutor.embedded.xds.tokens import Tokens


def test_a_token_proves_the_pod_it_was_issued_for():
    tokens = Tokens()
    assert tokens.check(f"Bearer {tokens.issue('default', 'reviews-v1-0')}") == ("default", "reviews-v1-0")


def test_a_token_of_another_lab_proves_nothing():
    assert Tokens().check(f"Bearer {Tokens().issue('default', 'reviews-v1-0')}") is None


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer a.b", "Bearer a.b.c", "Basic eDp5", "Bearer é.é", "Bearer ====.=="]
)
def test_nonsense_proves_nothing(header: str):
    assert Tokens().check(header) is None


def test_the_subject_cannot_be_exchanged():
    tokens = Tokens()
    mine, other = tokens.issue("default", "a"), tokens.issue("default", "b")
    assert tokens.check(f"Bearer {other.split('.')[0]}.{mine.split('.')[1]}") is None
