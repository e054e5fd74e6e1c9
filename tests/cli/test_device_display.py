"""What a device shows while it waits."""

import asyncio
import io
from time import monotonic

import pytest
from rich.console import Console

from authgate.cli.sign_in.device_display import DeviceDisplay
from authgate.cli.sign_in.device_flow import Authorization


def begun() -> Authorization:
    """A sign-in that holds for a quarter of an hour from now."""
    return Authorization(
        device_code="secret",
        user_code="WDJB-MJHT",
        verification_uri="http://localhost:8080/t/northwind/device",
        verification_uri_complete="http://localhost:8080/t/northwind/device?user_code=WDJB-MJHT",
        expires_at=monotonic() + 900,
        interval=5,
    )


async def shown(*, width: int, terminal: bool) -> str:
    """What is shown of a sign-in that is approved a moment later."""
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=terminal, no_color=True)
    async with DeviceDisplay(begun(), console=console):
        await asyncio.sleep(0.01)
    return screen.getvalue()


@pytest.mark.parametrize(("width", "terminal"), [(100, True), (40, True), (100, False)])
async def test_it_shows_where_to_go_the_code_and_how_long_it_holds(
    width: int, terminal: bool
) -> None:
    text = await shown(width=width, terminal=terminal)
    assert "  http://localhost:8080/t/northwind/device" in text  # in one piece
    assert "│   WDJB-MJHT   │" in text.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "waiting for approval, 1" in text
    assert "Ctrl-C to give up" in text
    assert "secret" not in text


async def test_a_wide_terminal_shows_a_qr_code_too() -> None:
    assert "▄▄▄▄▄" in await shown(width=60, terminal=True)
    assert "▄▄▄▄▄" not in await shown(width=59, terminal=True)
    assert "▄▄▄▄▄" not in await shown(width=100, terminal=False)


async def test_without_color_there_is_none() -> None:
    text = await shown(width=100, terminal=True)
    assert "\x1b[97" not in text
    assert "\x1b[32m" not in text
