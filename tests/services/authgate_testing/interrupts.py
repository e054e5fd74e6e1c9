"""Ctrl-C works in the programs that tests start, however the run itself was started."""

import signal


def pytest_configure() -> None:
    """Take back that interrupts are ignored: programs would inherit it from us.

    A shell without job control starts what it puts into the background like that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
