"""How long an answer waits for candidates: not for the slowest of several servers and interfaces.

aioice waits up to 5 s for a STUN or TURN server that does not answer, on whichever interface, and a candidate that
comes later cannot be told to the volunteer any more. Host candidates are there at once. A STUN server gets 200 ms, or
twice the time that it took last, if that was longer: so none is lost on a slow line. A TURN server, which has to be
asked several times, gets a second as long as it answers; once it was silent it gets 200 ms, until it answers again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aioice.ice

SHORT_SECONDS = 0.2
LONG_SECONDS = 1.0
SILENT_SECONDS = 5.0
"""Time after which a TURN server is silent. By then nobody waits for it any more."""

_reflexive: Any = getattr(aioice.ice, "server_reflexive_candidate", None)
_relayed: Any = getattr(aioice.ice, "relayed_candidate", None)
_took: dict[tuple[str, int], float] = {}
"""Seconds that each server took when it last answered."""
_late: set[asyncio.Task[Any]] = set()
"""asyncio itself keeps only weak references to tasks."""


def answered(server: tuple[str, int], seconds: float) -> None:
    """Notes how long a server took for its answer."""
    _took[server] = seconds


def patience(server: tuple[str, int], unknown: float) -> float:
    """Returns the seconds that a server has for its answer.

    Args:
        server: its host and port, as they are written in its URL.
        unknown: the seconds if it has not answered yet.
    """
    took = _took.get(server)
    return unknown if took is None else min(LONG_SECONDS, max(SHORT_SECONDS, 2 * took))


async def server_reflexive_candidate(protocol: Any, stun_server: tuple[str, int]) -> Any:
    """Takes the place of aioice's function, which asks a STUN server through one interface.

    Raises:
        TimeoutError: it has not answered in time.
    """
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(patience(stun_server, SHORT_SECONDS)):
        found = await _reflexive(protocol, stun_server)
    answered(stun_server, asyncio.get_running_loop().time() - began)
    return found


async def relayed_candidate(*, turn_server: tuple[str, int], **more: Any) -> Any:
    """Takes the place of aioice's function, which asks a TURN server for an allocation.

    Raises:
        TimeoutError: it has not answered in time.
    """
    began = asyncio.get_running_loop().time()
    asking = asyncio.ensure_future(_relayed(turn_server=turn_server, **more))
    try:
        async with asyncio.timeout(patience(turn_server, LONG_SECONDS)):
            found = await asyncio.shield(asking)
    except TimeoutError:
        late = asyncio.ensure_future(_wait_for_late(asking, turn_server, began))
        _late.add(late)
        late.add_done_callback(_late.discard)
        raise
    except asyncio.CancelledError:
        asking.cancel()
        raise
    _took.pop(turn_server, None)  # it has all of its time again
    return found


async def _wait_for_late(asking: asyncio.Future[Any], server: tuple[str, int], began: float) -> None:
    """Finds out whether a TURN server is slow or silent, and gives the late allocation back."""
    await asyncio.wait({asking}, timeout=SILENT_SECONDS)
    if not asking.done():
        asking.cancel()
        await asyncio.wait({asking})
    if asking.cancelled() or asking.exception() is not None:
        answered(server, 0.0)  # it has the shortest time, until it answers
        return
    answered(server, asyncio.get_running_loop().time() - began)
    _, protocol = asking.result()
    await protocol.close()


if _reflexive is not None:
    aioice.ice.server_reflexive_candidate = server_reflexive_candidate
if _relayed is not None:
    aioice.ice.relayed_candidate = relayed_candidate
