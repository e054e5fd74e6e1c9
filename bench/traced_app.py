"""The product's application in a worker that can say how many bytecodes each function executes.

SIGUSR1 begins the count, and `bytecodes.begun` is in the working directory once it has. SIGUSR2
ends it and writes it into `bytecodes.json` there: one JSON object of function to bytecodes, callees
included.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from bench.slowed_app import app

__all__ = ["app"]

_costs: Counter[CodeType] = Counter()
_below: set[CodeType] = set()
"""What runs the event loop: it includes everything and says nothing."""


def _begin(_signal: int, frame: FrameType | None) -> None:
    _costs.clear()
    _below.update(_stack(frame))
    Path("bytecodes.begun").touch()
    sys.settrace(_enter)


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.settrace(None)
    told: Counter[str] = Counter()
    for code, cost in _costs.items():
        told[f"{_place(code.co_filename)}:{code.co_qualname}"] += cost
    draft = Path("bytecodes.draft")
    draft.write_text(json.dumps(told))
    draft.rename("bytecodes.json")  # whole from the first moment


def _enter(frame: FrameType, _event: str, _argument: Any) -> Any:
    frame.f_trace_lines = False
    frame.f_trace_opcodes = True
    return _step


def _step(frame: FrameType, event: str, _argument: Any) -> Any:
    if event == "opcode":
        _costs.update(_stack(frame) - _below)
    return _step


def _stack(frame: FrameType | None) -> set[CodeType]:
    codes = set()
    while frame is not None:
        codes.add(frame.f_code)
        frame = frame.f_back
    return codes


def _place(file: str) -> str:
    """The file's path below the folder that it is imported from."""
    roots = [root for root in sys.path if root and file.startswith(f"{root}/")]
    return file.removeprefix(max(roots, key=len, default="")).lstrip("/")


signal.signal(signal.SIGUSR1, _begin)
signal.signal(signal.SIGUSR2, _end)
