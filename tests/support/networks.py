"""Whole networks for tests: a router and hosts around it, each in a network namespace of its own.

No interface leads out of them: nothing that happens in one reaches the network of this machine, or any other. A
namespace lasts as long as a process that holds it, and that one ends when its standard input is closed: also when the
tests die, whatever kills them. There are no names, so nothing can be left over and two networks cannot collide.

Addresses are of ranges that are kept for tests and examples (RFC 2544, RFC 3849), which no program takes for private.

Who is not root gets a namespace of users besides, in which he is.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.browsers import installed
from tests.support.machine import eventually
from tests.support.processes import Program, start

SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian puts what is for administrators, which is on nobody else's path."""
TABLE = "table inet pando { chain forward { type filter hook forward priority 0; }; }"
LATENCY = "500ms"
"""Of a slow line's buffer: what would wait longer is lost."""
LARGEST_PACKET = 1514


class Host:
    """A machine of a network.

    Attributes:
        address: its IPv4 address; its IPv6 address where it has no other.
        address6: its IPv6 address.
    """

    def __init__(self, name: str, number: int, holder: Program, *, v4: bool, v6: bool) -> None:
        self.name = name
        self.port = f"to-{name}"
        """The router's interface to it."""
        self.address6 = f"2001:db8:77:{number}::2" if v6 else ""
        self.address = f"198.18.{number}.2" if v4 else self.address6
        self._holder = holder

    def __repr__(self) -> str:
        return f"<{self.name} {self.address}>"

    @property
    def pid(self) -> int:
        """A process in its namespace."""
        return self._holder.pid

    @property
    def is_root(self) -> bool:
        """Whether what runs here is root outside of it too."""
        return os.geteuid() == 0

    def command(self, *words: str | Path) -> tuple[str, ...]:
        """Returns the command that runs these `words` on this host."""
        user = () if self.is_root else ("--user", "--preserve-credentials")
        return (installed("nsenter"), f"--target={self.pid}", "--net", *user, "--", *map(str, words))

    async def run(self, script: str) -> str:
        """Runs lines of shell on this host; returns what they print.

        Raises:
            AssertionError: one of them failed.
        """
        process = await start(Program, *self.command("sh", "-e", "-c", f"PATH=$PATH:{SYSTEM}\n{script}"))
        try:
            outcome = await process.finish()
        finally:
            await process.close()
        assert outcome.status == 0, f"on {self.name}: {script}: {process}"
        return outcome.out.decode()

    async def until_it_listens(self, port: int) -> None:
        """Waits until something listens at a TCP port."""
        listens = re.compile(rf"^ *\d+: [0-9A-F]+:{port:04X} [0-9A-F:]+ 0A ", re.MULTILINE)

        async def look() -> bool:
            return any(listens.search(self._table(name)) for name in ("tcp", "tcp6"))

        await eventually(look, f"something listens at port {port} of {self}")

    def traffic(self) -> tuple[int, int]:
        """How many bytes its interface has received and sent, headers included."""
        [line] = [line for line in self._table("dev").splitlines() if "eth0:" in line]
        fields = line.partition(":")[2].split()
        return int(fields[0]), int(fields[8])

    def _table(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/net/{name}").read_text()

    def url(self, port: int, scheme: str = "http") -> str:
        """Returns a URL on this host."""
        return f"{scheme}://{authority(self.address, port)}"


class Network:
    """A router, its hosts, and what lies between them. Made by `network`."""

    def __init__(self, router: Host) -> None:
        self.router = router
        self._hosts: list[Host] = []

    async def host(self, name: str, *, v4: bool = True, v6: bool = False) -> Host:
        """Adds a host, of at most 12 characters, with addresses of these kinds."""
        number = len(self._hosts) + 1
        host = Host(name, number, await _hold(*self.router.command()), v4=v4, v6=v6)
        self._hosts.append(host)
        here, there = ["link set lo up", "link set eth0 up"], [f"link set {host.port} up"]
        if v4:
            gateway = f"198.18.{number}.1"
            there.append(f"addr add {gateway}/24 dev {host.port}")
            here += [f"addr add {host.address}/24 dev eth0", f"route add default via {gateway}"]
        if v6:
            gateway = f"2001:db8:77:{number}::1"
            # Without a search for others that have the address: it takes a second, and there are none.
            there.append(f"addr add {gateway}/64 dev {host.port} nodad")
            here += [f"addr add {host.address6}/64 dev eth0 nodad", f"-6 route add default via {gateway}"]
        await self.router.run(
            f"ip link add {host.port} type veth peer name eth0 netns {host.pid}\n" + _ip(there),
        )
        await host.run(_ip(here))
        return host

    async def block_udp(self, *hosts: Host) -> None:
        """Lets no UDP to and from these hosts, as many firewalls of offices do. Nobody is told."""
        for host in hosts:
            await self._drop(f"iifname {host.port} meta l4proto udp", f"oifname {host.port} meta l4proto udp")

    async def block_udp_between(self, one: Host, other: Host) -> None:
        """Lets no UDP from one of them to the other; each reaches all others."""
        await self._drop(
            f"iifname {one.port} oifname {other.port} meta l4proto udp",
            f"iifname {other.port} oifname {one.port} meta l4proto udp",
        )

    async def cut(self, host: Host) -> None:
        """Loses everything to and from a host; nobody is told, and no interface goes down."""
        await self._drop(f"iifname {host.port}", f"oifname {host.port}")

    async def open(self) -> None:
        """Undoes all that was blocked or cut."""
        await self.router.run("nft flush chain inet pando forward")

    async def slow_down(self, host: Host, bytes_per_second: int) -> None:
        """Lets so many bytes a second to a host, and as many from it; headers count."""
        # A bucket of 20 ms, so that what is counted in a second is what the line carries.
        burst = max(2 * LARGEST_PACKET, bytes_per_second // 50)
        shape = f"root tbf rate {bytes_per_second * 8}bit burst {burst} latency {LATENCY}"
        await self.router.run(f"tc qdisc replace dev {host.port} {shape}")
        await host.run(f"tc qdisc replace dev eth0 {shape}")

    async def add_dead_end(self, host: Host, number: int = 1) -> None:
        """Gives a host one more interface, with an address from which nothing comes back: a VPN that is down, a bridge
        of containers."""
        name = f"dead{number}"
        await host.run(
            _ip(
                [
                    f"link add {name} type veth peer name {name}-end",
                    f"link set {name} up",
                    f"link set {name}-end up",
                    f"addr add 172.30.{number}.2/24 dev {name}",
                ]
            )
        )

    async def close(self) -> None:
        """Ends what holds the namespaces; the interfaces go with them."""
        for host in (*self._hosts, self.router):
            await host._holder.close()  # noqa: SLF001 - of this module

    async def _drop(self, *packets: str) -> None:
        await self.router.run("\n".join(f"nft add rule inet pando forward {which} drop" for which in packets))


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    """Makes a network with nothing but its router; who opens it closes all that runs in it before it ends."""
    router = Host("router", 0, await _hold(user=os.geteuid() != 0), v4=True, v6=True)
    found = Network(router)
    try:
        await router.run(
            "echo 1 > /proc/sys/net/ipv4/ip_forward\n"
            "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\n"
            "ip link set lo up\n"
            f"nft '{TABLE}'"
        )
        yield found
    finally:
        await found.close()


def authority(address: str, port: int) -> str:
    """Returns `ADDRESS:PORT` as it stands in a URL (RFC 3986)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


async def _hold(*inside: str, user: bool = False) -> Program:
    """Makes a namespace and returns the process that holds it.

    Args:
        inside: the beginning of a command that makes it inside another.
        user: whether it gets a namespace of users of its own.
    """
    kinds = ("--user", "--map-root-user", "--net") if user else ("--net",)
    command = (*inside, installed("unshare"), *kinds, "--", "sh", "-c", "echo; exec cat")
    holder = await start(Program, *command, stdin=asyncio.subprocess.PIPE)
    await holder.prints(1)
    return holder


def _ip(commands: list[str]) -> str:
    return "\n".join(f"ip {command}" for command in commands)
