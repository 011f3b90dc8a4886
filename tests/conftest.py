"""What all tests share."""

import signal
import sys
from pathlib import Path

import hypothesis

# Modules that stand beside the tests which use them.
sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("client", "end_to_end", "examples")]

# CI machines stall now and then; a slow example is no failure of the code.
hypothesis.settings.register_profile("pando", deadline=None, print_blob=True)
hypothesis.settings.load_profile("pando")

# Under `nohup`, or behind `&` in a shell without job control, some of these are ignored, also by what the tests start.
for number, usual in (
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
