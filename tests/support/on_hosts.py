"""What runs on the hosts of `networks`: the programs of Pando, browsers, and what Debian has between them.

`site` makes a network with all that runs in it, and ends it in the right order.
"""

from __future__ import annotations

from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import async_playwright

from tests.support import browsers
from tests.support.browsers import Chromium, Tab, installed
from tests.support.networks import Host, Network, authority, network
from tests.support.processes import Program
from tests.support.programs import BIN, PANDO, Client, Programs, Server, programs_in
from tests.support.secrets import SECRET

PORT = 5000
TURN_PORT = 3478
TURN_TLS_PORT = 5349
USER, PASSWORD = "pando", "correct-horse"
"""Of the TURN server."""

CHROMIUM_FLAGS = (
    *(flag for flag in browsers.CHROMIUM_FLAGS if not flag.startswith(("--host-resolver-rules", "--remote-debugging"))),
    # The driver is not on the host: it speaks through a pipe.
    "--remote-debugging-pipe",
    # Those of the tests are signed by nobody.
    "--ignore-certificate-errors",
)


PROXY = """
{user}
daemon off;
error_log stderr warn;
pid {folder}/nginx.pid;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream pando {{ server {upstream}; }}
  server {{
    listen {listen};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
{locations}
  }}
}}
"""
UPGRADES = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
"""With which a location passes WebSockets on."""


class Site:
    """A network, and what is started on its hosts; nothing has to be ended by the test. Made by `site`."""

    def __init__(self, net: Network, programs: Programs, stack: AsyncExitStack) -> None:
        self.net = net
        self.programs = programs
        self.folder = programs.folder
        self._stack = stack
        self._browsers: dict[Host, Chromium] = {}

    async def hosts(self, *names: str, v4: bool = True, v6: bool = False) -> list[Host]:
        """Adds hosts with addresses of these kinds."""
        return [await self.net.host(name, v4=v4, v6=v6) for name in names]

    async def server(self, host: Host) -> Server:
        """Starts a public server."""
        command = host.command(BIN / "pando-server", f"--host={host.address}", f"--port={PORT}")
        server = await self.programs.launch(Server, *command, env={"PANDO_SECRET": SECRET})
        server.url = await server.listens_at()
        return server

    async def client(self, host: Host, module: Path, url: str, *arguments: object, ice: str | None = "") -> Client:
        """Starts a client of the public server at `url`, and waits until volunteers may come.

        Args:
            ice: the value of `--ice-servers`; None for what the configuration file says.
        """
        env = {"PANDO_SECRET": SECRET, "DEBUG": "pando-computing"}
        servers = () if ice is None else (f"--ice-servers={ice}",)
        words = (f"--host={url}", *servers, *map(str, arguments))
        client = await self.programs.start(*host.command(PANDO, module, *words), env=env, stdin=PIPE)
        client.url = (await client.says(r"Serving volunteer code at (\S+)"))[1]
        return client

    async def local_client(self, host: Host, module: Path, *arguments: object) -> Client:
        """Starts a client with a server of its own, for volunteers of its network, and waits until they may come."""
        words = (f"--port={PORT}", *map(str, arguments))
        command = host.command(PANDO, module, *words)
        client = await self.programs.start(*command, env={"DEBUG": "pando-computing"}, stdin=PIPE)
        await client.says("Serving volunteer code at ")
        client.url = host.url(PORT)
        return client

    async def volunteer(self, host: Host, url: str, device: str, *arguments: str) -> Program:
        """Starts a volunteer without a browser, of one core."""
        command = host.command(BIN / "pando-volunteer", url, f"--device={device}", "--cores=1", *arguments)
        return await self.programs.launch(Program, *command)

    async def tab(self, host: Host, url: str, device: str = "Tab", protocol: str | None = None) -> Tab:
        """Opens a volunteer page in the Chromium of a host, which is started where there is none."""
        if host not in self._browsers:
            self._browsers[host] = await self._stack.enter_async_context(_chromium(host, self.folder))
        return await self._browsers[host].open(url, device, protocol)

    async def firefox(self, host: Host, url: str, device: str = "Firefox") -> Program:
        """Opens a volunteer page in a Firefox of its own."""
        running = browsers.firefox(url, self.folder / f"firefox-{device}", device, on=host.command())
        return await self._stack.enter_async_context(running)

    async def turn(self, host: Host, *more: str) -> Program:
        """Starts coturn: over UDP, TCP and TLS, for one user with a password; `more` are lines of its configuration."""
        certificate, key = await self.certificate(host)
        lines = (
            f"listening-ip={host.address}",
            f"relay-ip={host.address}",
            f"listening-port={TURN_PORT}",
            f"tls-listening-port={TURN_TLS_PORT}",
            "realm=pando.test",
            "lt-cred-mech",
            f"user={USER}:{PASSWORD}",
            f"cert={certificate}",
            f"pkey={key}",
            *more,
        )
        return await self.configured_turn(host, "\n".join(lines))

    async def configured_turn(self, host: Host, configuration: str) -> Program:
        """Starts coturn with the contents of a configuration file; it listens when this returns."""
        folder = self.folder / f"turn-{host.name}"
        # Nothing of it is outside of this folder, whatever else the configuration says.
        aside = f"no-cli\nlog-file=stdout\nsimple-log\nverbose\nuserdb={folder}/db\npidfile={folder}/pid\n"
        file = self.programs.file(f"turn-{host.name}/turnserver.conf", f"{aside}{configuration}\n")
        program = await self.programs.launch(Program, *host.command(installed("turnserver"), "-c", file))
        await host.until_it_listens(TURN_PORT)
        return program

    async def proxy(self, host: Host, server: str, locations: str, port: int = 80) -> str:
        """Starts nginx and returns its URL.

        Args:
            server: the URL to which it passes on, called `http://pando` in `locations`.
            locations: what stands in its `server` block.
        """
        folder = self.folder / f"nginx-{host.name}"
        configuration = PROXY.format(
            folder=folder,
            listen=authority(host.address, port),
            upstream=server.partition("//")[2],
            locations=locations,
            user="user root;" if host.is_root else "",
        )
        file = self.programs.file(f"nginx-{host.name}/nginx.conf", configuration)
        nginx = installed("nginx", "/usr/sbin/nginx")
        await self.programs.launch(Program, *host.command(nginx, "-e", "stderr", "-c", file))
        await host.until_it_listens(port)
        return host.url(port)

    async def certificate(self, host: Host) -> tuple[Path, Path]:
        """Makes a certificate for a host, signed by itself; returns its file and that of its key."""
        certificate = self.folder / f"{host.name}.pem"
        key = self.folder / f"{host.name}-key.pem"
        await host.run(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pando.test "
            f"-addext subjectAltName=IP:{host.address} -keyout {key} -out {certificate} 2>&1"
        )
        return certificate, key


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Makes a network with what is started on it; programs run in `folder`. At the end nothing is left of either."""
    async with network() as net, programs_in(folder) as programs, AsyncExitStack() as stack:
        yield Site(net, programs, stack)


def turn_url(host: Host, transport: str = "udp") -> str:
    """Returns the URL of a TURN server as `--ice-servers` takes it; `transport` is `udp`, `tcp` or `tls`."""
    scheme, port = ("turns", TURN_TLS_PORT) if transport == "tls" else ("turn", TURN_PORT)
    over = "udp" if transport == "udp" else "tcp"
    return f"{scheme}:{USER}:{PASSWORD}@{authority(host.address, port)}?transport={over}"


def stun_url(host: Host) -> str:
    """Returns the URL of a TURN server as one that only tells addresses."""
    return f"stun:{authority(host.address, TURN_PORT)}"


@asynccontextmanager
async def _chromium(host: Host, folder: Path) -> AsyncIterator[Chromium]:
    script = folder / f"chromium-{host.name}.sh"
    script.write_text(f'#!/bin/sh\nexec {" ".join(host.command(installed("chromium")))} "$@"\n')
    script.chmod(0o755)
    flags = [*CHROMIUM_FLAGS, f"--user-data-dir={folder}/chromium-{host.name}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=script, args=flags, ignore_default_args=True)
        try:
            yield Chromium(browser)
        finally:
            await browser.close()
