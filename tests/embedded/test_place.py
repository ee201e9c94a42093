"""Where a lab settles when addresses and ports are taken."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from meshtutor.embedded.place import claim_block, claim_gateway_port
from meshtutor.errors import LabError


@pytest.fixture
def taken_port():
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_two_labs_of_the_same_name_get_different_blocks():
    with closing(claim_block("x").socket), closing((other := claim_block("x")).socket):
        first = claim_block("x")
        first.socket.close()
        assert first.block != other.block


def test_the_api_moves_to_another_port_when_a_program_listens_on_6443_everywhere():
    with closing(socket.socket()) as everywhere:
        everywhere.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            everywhere.bind(("0.0.0.0", 6443))
        except OSError:
            pytest.skip("another lab or cluster uses port 6443 on this machine")
        everywhere.listen()
        claim = claim_block("x")
        with closing(claim.socket):
            assert claim.api_port == 16443


def test_a_port_that_was_asked_for_and_is_taken_is_refused_by_name(taken_port):
    with pytest.raises(LabError, match=str(taken_port)) as refusal:
        claim_gateway_port(taken_port)
    assert "meshtutor up" in refusal.value.hint


def test_without_a_wish_the_next_free_port_is_taken():
    with closing(claim_gateway_port(None)) as first, closing(claim_gateway_port(None)) as second:
        assert second.getsockname()[1] > first.getsockname()[1]
