"""Every kind of channel has what `Channel` asks for."""

from __future__ import annotations

import inspect

import pytest

from pando_client.channels.channel import Channel
from pando_client.channels.pipe import PipeChannel
from pando_client.channels.webrtc import WebRtcChannel
from pando_client.channels.websocket import WebSocketChannel

KINDS: tuple[type[Channel], ...] = (PipeChannel, WebSocketChannel, WebRtcChannel)


def test_each_kind_has_a_name_of_its_own() -> None:
    assert [channel.kind for channel in KINDS] == ["pipe", "websocket", "webrtc"]


@pytest.mark.parametrize("channel", KINDS)
def test_its_methods_are_those_of_the_protocol(channel: type[Channel]) -> None:
    for name in ("send", "receive", "close"):
        asked, found = getattr(Channel, name), getattr(channel, name)
        assert inspect.iscoroutinefunction(found)
        assert inspect.signature(found) == inspect.signature(asked)
