from __future__ import annotations

from typing import Any

import pytest

from pando_server.signaling.websocket_handshake import asks_for_socket_io, deny


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (b"EIO=4&transport=websocket", True),
        (b"transport=websocket&EIO=4&t=abc", True),
        (b"EIO=4&transport=websocket&sid=abc", False),
        (b"EIO=4&transport=websocket&j=1", False),
        (b"EIO=4&EIO=3&transport=websocket", False),
        (b"EIO=3&transport=websocket", False),
        (b"EIO=4&transport=polling", False),
        (b"\xff\xfe", False),
        (b"&".join(b"a%d=1" % number for number in range(100)), False),
    ],
)
def test_a_new_session_over_websocket_is_all_that_is_served(query: bytes, wanted: bool) -> None:
    assert asks_for_socket_io({"query_string": query}) is wanted


async def test_a_server_that_cannot_send_a_response_just_closes() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await deny({"extensions": {}}, send, 403, "no")
    assert sent == [{"type": "websocket.close", "code": 1008}]
    await deny({"extensions": {"websocket.http.response": {}}}, send, 403, "no")
    assert [one.get("status") for one in sent[1:]] == [403, None]
    assert sent[-1]["body"] == b"no"
