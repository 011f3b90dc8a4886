"""What a volunteer without a browser says while it cannot connect."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import socketio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from tests.support.programs import pando_server, pando_volunteer
from tests.support.server_peers import Site


async def answer_to(offer: str, port: int) -> tuple[RTCPeerConnection, str]:
    """Returns an answer whose only address is a port on which nobody says anything."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.createDataChannel("pando", negotiated=True, id=0)
    # Without its addresses, so that nothing is sent to the volunteer either.
    await peer.setRemoteDescription(RTCSessionDescription(re.sub(r"a=candidate:.*\r?\n", "", offer), "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    sdp = re.sub(r"a=(candidate:|end-of-candidates).*\r?\n", "", peer.localDescription.sdp)
    candidate = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host\r\na=end-of-candidates\r\n"
    return peer, sdp + candidate


async def test_without_udp_it_says_why_in_words_for_whoever_runs_it() -> None:
    peers: list[RTCPeerConnection] = []
    loop = asyncio.get_running_loop()
    silent, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    client = socketio.AsyncClient(reconnection=False, handle_sigint=False)

    async def on_offer(data: Any) -> dict[str, str]:
        peer, sdp = await answer_to(data["sdp"], silent.get_extra_info("sockname")[1])
        peers.append(peer)
        return {"sdp": sdp}

    client.on("offer", on_offer, namespace="/client")
    async with pando_server() as server:
        login = await Site(server.port).login()
        await client.connect(server.url, auth=login, transports=["websocket"], namespaces=["/client"])
        try:
            async with pando_volunteer(server.url, "--cores=1") as volunteer:
                await volunteer.says("Connecting to job job…")
                await volunteer.says(
                    r"No direct connection to the client came about: a firewall here may block UDP; "
                    r"the client can name a TURN server \(--ice-servers\)\. Trying again…"
                )
                # The next attempt is under way, and nothing hides the reason.
                assert volunteer.err_lines[-1].endswith("Trying again…")
        finally:
            await client.disconnect()
            for peer in peers:
                await peer.close()
            silent.close()
