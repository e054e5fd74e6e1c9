"""What the processes of a worker's pool have measured is told at a port of the worker."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2

from authgate.jobs import RemoveExpired
from authgate_testing.processes import free_port

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

WORKER = ("-m", "authgate", "worker", "--processes", "2")
DONE = 'authgate_job_duration_seconds_count{kind="remove-expired",result="done"}'
WAITED = 'authgate_job_wait_seconds_count{kind="remove-expired"}'


def _telling(crew: Any) -> tuple[Any, str]:
    port = free_port()
    jobs = crew.settings.jobs.model_copy(update={"metrics_port": port})
    settings = crew.settings.model_copy(update={"jobs": jobs})
    return replace(crew, settings=settings), f"http://127.0.0.1:{port}"


def told(text: str, series: str) -> float:
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith(f"{series} ")
    )


async def test_a_workers_jobs_are_measured_and_how_long_they_waited(
    crew: Any, until: Until
) -> None:
    telling, url = _telling(crew)
    async with httpx2.AsyncClient(base_url=url) as http:
        with telling.running(*WORKER) as worker:

            async def done(count: int) -> bool:
                if not worker.said("metrics are told"):
                    return False
                text = (await http.get("/metrics")).text
                return told(text, DONE) >= count and told(text, WAITED) >= count

            for _ in range(3):
                await telling.queue().enqueue(RemoveExpired(), tenant_id=None)
            await until(lambda: done(3))
            with telling.beat():  # which dates what it sends as well
                await until(lambda: done(5))
            text = (await http.get("/metrics")).text
            assert worker.leave() == 0
    lost = [each for each in worker.lines if "Connection to broker lost" in each["event"]]
    assert not lost, "what is done is told by the line by which it came"
    assert told(text, "authgate_processes") == 2
    assert told(text, 'authgate_job_last_done_timestamp_seconds{kind="remove-expired"}') > 1e9
    assert "process_cpu_seconds_total" in text


async def test_only_measurements_are_told_and_only_to_whoever_may_see_them(
    crew: Any, until: Until
) -> None:
    telling, url = _telling(crew)
    async with httpx2.AsyncClient(base_url=url) as http:
        with telling.running(*WORKER) as worker:

            async def answers() -> bool:
                return bool(worker.said("metrics are told"))

            await until(answers)
            forwarded = {"x-forwarded-for": "203.0.113.7"}
            assert (await http.get("/metrics", headers=forwarded)).status_code == 404
            assert (await http.get("/")).status_code == 404
            assert (await http.post("/metrics")).status_code == 501
            twice = [("authorization", "a"), ("authorization", "b")]
            assert (await http.get("/metrics", headers=twice)).status_code == 200


async def test_the_line_at_the_broker_is_measured(crew: Any) -> None:
    queue = crew.queue()
    before = await queue.length()
    for _ in range(3):
        await queue.enqueue(RemoveExpired(), tenant_id=None)
    assert await queue.length() == before + 3
    queue.close()
