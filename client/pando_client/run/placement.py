"""Where the function runs, in a worker or in a page, once it is known who computes; and what the user is told of it."""

from __future__ import annotations

from dataclasses import replace

from pando_client import console
from pando_client.function.bundle import Bundle, PageGuess
from pando_client.function.module import Module
from pando_client.options import Options
from pando_shared.errors import FunctionError
from pando_shared.text import printable

NO_PAGE_HERE = "leave --local out, and open the printed address in a browser on this machine"


def settled(function: Bundle, module: Module, options: Options) -> Bundle:
    """Returns the function as it runs in this run, and says on standard error what nobody has asked for.

    Raises:
        FunctionError: it needs a page, and nobody who could compute has one.
    """
    if function.context == "worker":
        return function
    guess = function.page_guess
    if options.local:
        return _without_page(function, module, guess)
    if guess is not None:
        console.say(f"pando: {_in_a_page(guess)}")
    if not options.start_idle:
        console.say("pando: this machine has no page for the function: it computes in browsers only (context page)")
    return function


def _without_page(function: Bundle, module: Module, guess: PageGuess | None) -> Bundle:
    """Returns the function for this machine alone, which has no page.

    Raises:
        FunctionError: it is known to need one.
    """
    if guess is None:
        raise FunctionError(
            f"{printable(module.name)} needs a page (context page), and --local has none: {NO_PAGE_HERE}"
        )
    if guess.what is None:
        raise FunctionError(f"{guess.place} needs a page while the module loads, and --local has none: {NO_PAGE_HERE}")
    what = printable(guess.what)
    console.say(
        f"pando: {guess.place} uses {what}, and --local has no page: "
        f"the function runs in a worker, where there is no {what}"
    )
    return replace(function, context="worker")


def _in_a_page(guess: PageGuess) -> str:
    if guess.what is None:
        return f"{guess.place} needs a page while the module loads: the function runs in a page"
    return (
        f"{guess.place} uses {printable(guess.what)}: the function runs in a page; --context=worker runs it in a worker"
    )
