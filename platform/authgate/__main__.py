"""``python -m authgate`` and the ``authgate`` command."""

import gc
import os
import sys


def main() -> None:
    """Run the command line of this process, and end with its exit code."""
    os.umask(0o077)  # databases, keys and passwords that we write are nobody else's to read
    gc.set_threshold(
        20_000, 20, 50
    )  # what is imported stays: looking at it takes a tenth of a start
    from authgate.cli.command_line import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
