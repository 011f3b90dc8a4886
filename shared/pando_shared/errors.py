"""Every error that a user of Pando can see.

    PandoError                    exit status 1
    ├── UsageError                exit status 2: the command line or the configuration is wrong
    ├── FunctionError             the module cannot be used: missing, unreadable, of the wrong shape
    │   └── ItemFailed            the function failed on an item, as often as was allowed
    ├── InputError                standard input (or an item) cannot be read
    ├── OutputError               standard output cannot be written
    ├── ServerError               the server cannot be used
    │   ├── ServerUnreachable     nobody answers, or not in time
    │   ├── NotAPandoServer       somebody answers, but it is not a Pando server
    │   ├── ServerAway            a proxy answers in its place, and says that it is not there
    │   ├── WebSocketBlocked      it answers, but lets no WebSocket through
    │   ├── CertificateRefused    its certificate is not trusted
    │   ├── WrongProtocol         it speaks another version
    │   └── LoginRefused          it does not let us in: the secret, the job's name, or no room
    ├── PortBusy                  a port that we need is taken
    └── ToolError                 a program that we start (Deno) is missing or failed
    ProtocolViolation             a peer broke the protocol: ends that peer's session, never a run

The text given to a class is one line for a person: what is wrong, then what can be done about it.
"""


class PandoError(Exception):
    """The run cannot go on."""

    exit_status = 1


class UsageError(PandoError):
    """The command line or the configuration is wrong."""

    exit_status = 2


class FunctionError(PandoError):
    """The module cannot be used as a function to map."""

    files: tuple[str, ...] = ()
    """What it was made of as far as is known: names relative to the module's folder."""


class ItemFailed(FunctionError):
    """The function failed on an item as often as was allowed."""


class InputError(PandoError):
    """The items cannot be read."""


class OutputError(PandoError):
    """The results cannot be written."""


class ServerError(PandoError):
    """The server cannot be used."""


class ServerUnreachable(ServerError):
    """The server does not answer."""


class NotAPandoServer(ServerError):
    """Somebody answers at this address, but it is not a Pando server."""


class ServerAway(ServerError):
    """A proxy answers in the server's place, and says that it is not there: it may be in a moment."""


class WebSocketBlocked(ServerError):
    """The server answers, but the WebSocket to it does not open."""


class CertificateRefused(ServerError):
    """The server's certificate is not trusted."""


class WrongProtocol(ServerError):
    """The server speaks another version of the protocol."""


class LoginRefused(ServerError):
    """The server does not let this client in.

    `wait_seconds`: after this time it may; None if something must change first.
    """

    def __init__(self, text: str, wait_seconds: float | None = None) -> None:
        super().__init__(text)
        self.wait_seconds = wait_seconds


class PortBusy(PandoError):
    """A port is in use by another program."""


class ToolError(PandoError):
    """A program that Pando needs is missing or failed."""


class ProtocolViolation(Exception):
    """A peer sent what PROTOCOL.md forbids. Ends that peer's session, and only that."""
