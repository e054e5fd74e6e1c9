"""How these programs speak with their test: a line of JSON at a time."""

import json
import sys
from typing import Any

REDIRECT_URI = "http://127.0.0.1:8765/callback"


def given() -> dict[str, Any]:
    """What the test gives first."""
    return json.loads(sys.stdin.readline())


def opened(url: str) -> str:
    """Have a person visit this address; where the browser was sent in the end."""
    say(open=url)
    return json.loads(sys.stdin.readline())


def say(**what: object) -> None:
    """Tell the test."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
