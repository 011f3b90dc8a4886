"""What belongs to the process and not to a run: the event loop, the limit of descriptors, signals."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from pando_client import console
from pando_client.function import deno_process

Interruption = asyncio.Future[Exception]
"""Done with an `Interrupted` as soon as a signal asks the program to end."""

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPING_SIGNALS = [getattr(signal, name) for name in ("SIGTSTP", "SIGTTIN", "SIGTTOU") if hasattr(signal, name)]
"""Ctrl-Z, and what the terminal does to a program in the background."""


class Interrupted(Exception):
    """A signal ended the run.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_status = 128 + number


def run_in_event_loop(program: Callable[[Interruption], Coroutine[Any, Any, int]]) -> int:
    """Runs a program in an event loop of its own and returns its exit status, also when a signal ends it.

    Raises:
        Exception: what the program raises, but for a broken pipe.
    """
    raise_descriptor_limit()
    # Libraries that log find a handler, so that Python does not print their warnings on standard error itself.
    logging.getLogger().addHandler(logging.NullHandler())
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            return runner.run(_interruptible(program))
        except Interrupted as interrupted:
            return interrupted.exit_status
        except BrokenPipeError:
            # The reader of the results has closed the pipe: the quiet end of a pipeline.
            return 128 + signal.SIGPIPE


async def _interruptible(program: Callable[[Interruption], Coroutine[Any, Any, int]]) -> int:
    asyncio.get_running_loop().set_exception_handler(_log_unawaited)
    stop_together()
    return await program(catch_signals())


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns what makes uvloop's event loops; None where uvloop does not exist, for asyncio's own."""
    try:
        import uvloop  # not on every system
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def raise_descriptor_limit() -> None:
    """Raises the soft limit of descriptors to the hard one: each volunteer takes a UDP socket for each address."""
    try:
        import resource  # not on every system

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ImportError, OSError, ValueError):
        return


def catch_signals() -> Interruption:
    """Returns a future of the first signal that asks the program to end; a second one ends it at once."""
    loop = asyncio.get_running_loop()
    first: Interruption = loop.create_future()

    def caught(number: int) -> None:
        if first.done():
            sys.stderr.flush()
            os._exit(128 + number)
        first.set_result(Interrupted(number))

    for number in ENDING_SIGNALS:
        # nohup and the like: what is ignored when we start stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, caught, number)
    return first


def stop_together() -> None:
    """Makes what this program has started stop when it is stopped itself, and go on with it."""
    loop = asyncio.get_running_loop()

    def stopped(number: int) -> None:
        deno_process.signal_all(signal.SIGSTOP)
        # By the same signal, not by SIGSTOP: the system does not stop what nobody could continue.
        loop.remove_signal_handler(number)
        os.kill(os.getpid(), number)
        # Here it goes on.
        loop.add_signal_handler(number, stopped, number)
        deno_process.signal_all(signal.SIGCONT)

    for number in STOPPING_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            loop.add_signal_handler(number, stopped, number)


def _log_unawaited(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Takes an exception that nothing awaits, such as aiortc's own tasks leave when a peer vanishes: no traceback."""
    console.debug(f"{context.get('message')}: {context.get('exception')!r}")
