"""An aiortc that lacks what is overridden: one line says so, and channels work without."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcsctptransport import RTCSctpTransport

from pando_client.channels.aiortc_tuning.tune import REQUIRED, missing_names
from pando_shared.limits import MAX_FRAME_BYTES
from tests.support.volunteers import connected, sctp_of


def rename(monkeypatch: pytest.MonkeyPatch, owner: type[Any], name: str) -> None:
    """Gives a method of aiortc another name, also where the class itself calls it, as a new version may do."""
    new = f"{name}_renamed"
    for function in list(vars(owner).values()):
        if isinstance(function, FunctionType) and name in function.__code__.co_names:
            names = tuple(new if used == name else used for used in function.__code__.co_names)
            monkeypatch.setattr(function, "__code__", function.__code__.replace(co_names=names))
    monkeypatch.setattr(owner, new, getattr(owner, name), raising=False)
    monkeypatch.delattr(owner, name)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(RTCSctpTransport, "_send_sack"), (RTCSctpTransport, "_transmit"), (RTCDtlsTransport, "_write_ssl")],
)
async def test_without_a_name_that_is_overridden_channels_work_as_aiortc_has_them(
    owner: type[Any], name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rename(monkeypatch, owner, name)
    for _ in range(2):
        async with connected() as (channel, volunteer):
            assert channel.datagrams is None
            assert "_init" not in vars(sctp_of(channel)), "nothing else of it is overridden either"
            frames = [bytes([n]) * MAX_FRAME_BYTES for n in range(5)]
            for frame in frames:
                await channel.send(frame)
                volunteer.channel.send(frame)
            assert [await volunteer.received.get() for _ in frames] == frames
            assert [await channel.receive() for _ in frames] == frames
    assert capsys.readouterr().err == (
        f"pando: this aiortc has no {name}: nothing of it is tuned, WebRTC channels will be slower\n"
    )


async def test_the_installed_aiortc_has_all_that_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    async with connected() as (channel, _):
        assert missing_names(channel.connection) == []
        assert channel.datagrams is not None
        assert {"_init", "_send_sack", "_transmit"} <= vars(sctp_of(channel)).keys()
    assert capsys.readouterr().err == ""


async def test_every_name_is_looked_for() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    missing = missing_names(connection)
    await connection.close()
    # Without a data channel it has no parts at all.
    assert missing == [name for part, names in REQUIRED.items() if part != "aioice" for name in names]
