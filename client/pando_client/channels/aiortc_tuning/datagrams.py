"""Fewer system calls from aiortc: what it sends in one turn of the event loop leaves together.

aiortc reads each packet out of OpenSSL and sends it by itself, and after each that it receives it looks in vain for one
to send. Here OpenSSL's records gather until the end of the turn, and Linux gets those of one size in one call, which it
cuts into datagrams (UDP GSO).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aiortc import RTCDtlsTransport
from aiortc.rtcdtlstransport import State
from OpenSSL import SSL

MAX_BURST_BYTES = 60_000
"""Bytes in one call: before it is cut it is one IP packet, of at most 65,535 bytes."""
MAX_BURST_RECORDS = 64
"""Records in one call: `UDP_MAX_SEGMENTS` of Linux before 6.9, which has 128."""
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
"""Bytes asked of the system, which gives what it allows: now and then a browser sends faster than we read.

Asked when the first burst leaves, and so for volunteers that are lent much.
"""
UDP_SEGMENT = 103
"""Linux, udp(7): cuts what is sent into datagrams of this size. Python's `socket` has no name for it."""
RECORD_HEADER = struct.Struct(">B2x8xH")
"""Of a record of DTLS 1.2: type, and after version, epoch and number the length of what follows (RFC 6347, 4.1)."""
READ_BYTES = 65536
GSO_UNAVAILABLE = {errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT}
"""Error numbers that mean that bursts are not cut here: by the system, the interface, or a network of small packets."""


class DatagramSender:
    """Sends what one `RTCDtlsTransport` wants sent, once for each turn of the event loop.

    It takes the place of `_write_ssl` of the pinned aiortc, and stands around `_send_data`.

    Args:
        transport: of a connection that is not open yet.
        ended: called when nothing can be sent any more.
    """

    def __init__(self, transport: RTCDtlsTransport, ended: Callable[[], object]) -> None:
        self.cuts_bursts = sys.platform == "linux"
        """Whether a burst goes to the system in one call: it does until the system refuses."""
        self.bursts = 0
        """Bursts of two or more records that left in one call."""
        self.burst_records = 0
        """Records in them."""
        self._transport: Any = transport
        self._ended = ended
        self._protocol: Any = None
        self._socket: socket.socket | None = None
        self._scheduled = False
        self._is_dtls_1_2 = False
        self._write_at_once, self._send_data = transport._write_ssl, transport._send_data
        transport._write_ssl, transport._send_data = self._write, self._send  # type: ignore[method-assign]

    def close(self) -> None:
        """Ends the use of the socket, after which nothing may be sent."""
        if self._socket:
            self._socket.close()

    async def _send(self, data: bytes) -> None:
        """Takes the place of `_send_data`, with which SCTP sends a packet."""
        try:
            await self._send_data(data)
        except SSL.Error as error:
            # The other end has sent a fatal alert. aiortc takes no notice, and would fail even in closing.
            self._ended()
            raise ConnectionError("DTLS has ended") from error

    async def _write(self) -> None:
        """Takes the place of `_write_ssl`, which aiortc calls when OpenSSL may have records to send."""
        transport = self._transport
        if not self._is_dtls_1_2 and transport._state is State.CONNECTED:
            self._is_dtls_1_2 = transport._ssl.get_protocol_version_name() == "DTLSv1.2"
        if not self._is_dtls_1_2:
            await self._write_at_once()
        elif transport._task is None:
            self._flush()  # aiortc is closing: in the next turn there is no socket any more
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        pair = self._transport.transport._connection._nominated.get(1)
        records = list(_records(self._transport._ssl))
        if pair is None:
            return  # ICE has ended; the channel hears of it from aiortc
        for burst in cut_into_bursts(records):
            if self._sent_in_one_call(burst, pair):
                self.bursts += 1
                self.burst_records += len(burst)
                continue
            for record in burst:
                pair.protocol.transport.sendto(record, pair.remote_addr)

    def _sent_in_one_call(self, burst: Sequence[bytes], pair: Any) -> bool:
        # To a relay each datagram goes in an envelope, which is not ours to write.
        if len(burst) == 1 or not self.cuts_bursts or pair.protocol.local_candidate.type != "host":
            return False
        if pair.protocol.transport.get_write_buffer_size():
            return False  # what waits there would be overtaken
        size = struct.pack("=H", len(burst[0]))
        try:
            sending = self._socket_of(pair.protocol)
            sending.sendmsg(burst, [(socket.IPPROTO_UDP, UDP_SEGMENT, size)], 0, pair.remote_addr)
        except BlockingIOError:
            return False  # the system's buffer is full; asyncio waits for room
        except OSError as error:
            self.cuts_bursts = error.errno not in GSO_UNAVAILABLE
            return False
        return True

    def _socket_of(self, protocol: Any) -> socket.socket:
        if self._socket is None or protocol is not self._protocol:
            self.close()
            # asyncio's own has no `sendmsg`; a second descriptor of the same socket has.
            self._socket = socket.socket(fileno=os.dup(protocol.transport.get_extra_info("socket").fileno()))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self._protocol = protocol
        return self._socket


def _records(ssl: SSL.Connection) -> Iterator[bytes]:
    """Takes what OpenSSL has to send, and cuts it into records."""
    data = b""
    while True:
        try:
            part = ssl.bio_read(READ_BYTES)
        except SSL.Error:
            break  # there is nothing more
        data += part
        if len(part) < READ_BYTES:
            break
    at = 0
    while at < len(data):
        _, length = RECORD_HEADER.unpack_from(data, at)
        yield data[at : at + RECORD_HEADER.size + length]
        at += RECORD_HEADER.size + length


def cut_into_bursts(records: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cuts the records into bursts that can leave in one call: of one size, but the last of each may be shorter."""
    start = 0
    for at in range(1, len(records) + 1):
        if (
            at == len(records)
            or at - start == MAX_BURST_RECORDS
            or (at - start + 1) * len(records[start]) > MAX_BURST_BYTES
            or len(records[at]) > len(records[start])
            or len(records[at - 1]) < len(records[start])
        ):
            yield records[start:at]
            start = at
