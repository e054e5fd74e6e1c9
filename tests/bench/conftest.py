"""The measuring instruments, tried out."""

import sys

# valgrind knows Linux well and other systems hardly.
collect_ignore = [] if sys.platform == "linux" else ["test_instructions.py"]
