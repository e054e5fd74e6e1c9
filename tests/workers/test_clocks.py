"""Beats and workers whose clocks jump: each job that comes again is done once in its window (F12,
F13)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authgate import background
from authgate_testing.jumping_clock import JumpingClock

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

ENOUGH = 6
"""Windows of the job that comes most often, before the clocks jump and after."""
HOUR = 3600.0


@pytest.mark.parametrize("crew", ["postgres"], indirect=True)
async def test_f12_f13_two_beats_and_three_workers_whose_clocks_jump_do_each_job_once_in_its_window(
    crew: Any, tmp_path: Path, until: Until
) -> None:
    ahead, behind = JumpingClock(tmp_path / "ahead"), JumpingClock(tmp_path / "behind")
    crews = [replace(crew, beforehand=each.beforehand) for each in (ahead, behind)]
    with ExitStack() as programs:
        workers = [programs.enter_context(each.worker()) for each in (*crews, crew)]
        beats = [programs.enter_context(each.beat()) for each in crews]

        def done() -> list[tuple[str, int]]:
            lines = [line for worker in workers for line in worker.lines]
            return [(line["job"], line["window"]) for line in lines if line["event"] == "job ended"]

        async def enough_are_done() -> bool:
            often = {window for job, window in done() if job == "remove-expired"}
            return len(often) >= wanted

        wanted = ENOUGH
        await until(enough_are_done)
        ahead.jump(HOUR)
        behind.jump(-HOUR)
        sent = [beat.said("sent what is due") for beat in beats]
        wanted = len({window for job, window in done() if job == "remove-expired"}) + ENOUGH
        await until(enough_are_done)
        assert all(
            beat.said("sent what is due") > before for beat, before in zip(beats, sent, strict=True)
        )
    assert Counter(done()).most_common(1)[0][1] == 1
    assert {job for job, _ in done()} == {
        each.job.name for each in background.schedule(crew.settings)
    }
