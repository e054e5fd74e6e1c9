"""The supervisor keeps the service up and ends it without losing a request: faults F1, F2, F20."""

import os
import pty
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from authgate.serving import PortTaken, ServeOptions, ServerNotInstalled, run
from authgate.serving.crash_loop import LONGEST_DELAY_SECONDS, CrashLoop
from authgate.serving.listening_socket import listen

if TYPE_CHECKING:
    from tests.serving.conftest import Answer, Load, Serve, Service

BOTH = pytest.mark.parametrize("kind", ["hypercorn", "uvicorn", "uvicorn-door"])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_free(port: int) -> bool:
    try:
        listen(host="127.0.0.1", port=port).close()
    except PortTaken:
        return False
    return True


def in_flight(service: "Service") -> tuple[threading.Thread, list["Answer"]]:
    """Ask for something slow, and return once the application works on it."""
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(service.ask("/slow")))
    asking.start()
    service.in_flight()
    return asking, answers


@BOTH
def test_a_killed_worker_is_replaced_and_the_service_goes_on(serve: "Serve", kind: str) -> None:
    service = serve(kind, workers=2)
    service.said("ready: 2 worker")
    killed = service.worker()
    os.kill(killed, signal.SIGKILL)
    for _ in range(50):
        assert service.ask().status == 200
    service.said(f"worker {killed} ended: signal SIGKILL")
    assert service.comes_to(lambda: service.log.count("is ready") == 3)
    assert killed not in {service.worker() for _ in range(20)}


@BOTH
def test_workers_leave_when_their_supervisor_is_killed(serve: "Serve", kind: str) -> None:
    service = serve(kind, workers=2, drain_seconds=60)
    service.said("ready: 2 worker")
    workers = service.workers(2)
    with service.connect() as asking:
        asking.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert service.comes_to(lambda: "POST /echo" in service.asked())
        service.signal(signal.SIGKILL)
        service.exit_status()
        # The port is free, though somebody is still being answered.
        assert service.comes_to(lambda: is_free(service.port))
        assert serve(kind, port=service.port).ask().status == 200
        asking.sendall(b"whole")
        assert asking.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert service.comes_to(lambda: not any(map(is_running, workers)))


def test_a_worker_that_only_starts_ends_with_its_supervisor_and_frees_the_port(
    serve: "Serve",
) -> None:
    service = serve("hypercorn")
    service.worker()
    (service.folder / "takes-long").touch()
    service.signal(signal.SIGHUP)
    assert service.comes_to((service.folder / "starting").exists)
    service.signal(signal.SIGKILL)
    service.exit_status()
    assert service.comes_to(lambda: is_free(service.port))
    service.said("the supervisor is gone before the start was over")


@BOTH
@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_answered_before_the_end(
    serve: "Serve", kind: str, order: signal.Signals
) -> None:
    service = serve(kind)
    asking, answers = in_flight(service)
    service.signal(order)
    assert service.exit_status() == 0
    asking.join()
    assert answers[0].status == 200
    assert answers[0].says_close
    assert (service.folder / "stopped").exists()


@BOTH
def test_a_rolling_restart_loses_no_request(
    serve: "Serve", load: "Callable[[Service], Load]", kind: str
) -> None:
    service = serve(kind, workers=2)
    service.said("ready: 2 worker")
    before = service.workers(2)
    people = load(service)
    with people.going_on():
        people.until_answered(100)
        service.signal(signal.SIGHUP)
        service.said("rolling restart done")
        people.until_answered(people.answered["fresh"] + 20)
        people.until_answered(300)
    assert people.failures == []
    assert service.workers(2).isdisjoint(before)
    assert service.comes_to(lambda: not any(map(is_running, before)))
    assert "did not leave" not in service.log


@BOTH
def test_a_version_that_does_not_start_does_not_replace_one_that_serves(
    serve: "Serve", kind: str
) -> None:
    service = serve(kind)
    worker = service.worker()
    (service.folder / "broken").touch()
    service.signal(signal.SIGHUP)
    service.said("the app is broken")
    service.said("rolling restart given up")
    assert service.worker() == worker


@BOTH
def test_ht_22_idle_connections_do_not_shut_others_out(serve: "Serve", kind: str) -> None:
    """Fault F22: with no descriptor left, connections that ask nothing give way to those that do.

    Said twice, as the service must be whole after the first time.
    """
    service = serve(kind)
    resource.prlimit(service.worker(), resource.RLIMIT_NOFILE, (40, 40))
    for _ in range(2):
        with ExitStack() as idle:
            for _ in range(100):
                idle.enter_context(service.connect())
            assert service.ask().status == 200
    assert "no descriptor left" in service.log
    assert "Traceback" not in service.log


def test_the_end_does_not_wait_for_a_worker_that_only_starts(serve: "Serve") -> None:
    service = serve("hypercorn")
    service.worker()
    (service.folder / "takes-long").touch()
    service.signal(signal.SIGHUP)
    assert service.comes_to((service.folder / "starting").exists)
    service.signal(signal.SIGTERM)
    assert service.exit_status() == 0
    assert "ERROR" not in service.log
    assert "Traceback" not in service.log


def test_the_end_waits_for_idle_connections_only_so_long(serve: "Serve") -> None:
    service = serve("hypercorn", drain_seconds=0.5)
    with closing(service.keep_alive()) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        service.signal(signal.SIGTERM)
        service.said("left with 1 connections still open")
        assert service.exit_status() == 0


def test_the_service_ends_with_the_terminal_it_was_started_from(serve: "Serve") -> None:
    """The kernel says so by SIGHUP, which otherwise asks for a rolling restart."""
    terminal, servers_end = pty.openpty()
    service = serve("hypercorn", terminal=servers_end)
    os.close(servers_end)
    worker = service.worker()
    os.close(terminal)
    assert service.exit_status() == 0
    assert not is_running(worker)


@BOTH
def test_an_interrupt_does_not_wait_for_idle_connections(serve: "Serve", kind: str) -> None:
    service = serve(kind, drain_seconds=60)
    with closing(service.keep_alive()) as connection, service.connect():
        connection.request("GET", "/")
        connection.getresponse().read()
        service.signal(signal.SIGINT)
        assert service.exit_status() == 0


def test_a_second_interrupt_does_not_wait_at_all(serve: "Serve") -> None:
    service = serve("hypercorn", drain_seconds=60)
    asking = service.connect()
    with asking:
        asking.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert service.comes_to(lambda: "POST /echo" in service.asked())
        service.signal(signal.SIGINT)
        service.said(r"stopping \(SIGINT\)")
        service.signal(signal.SIGINT)
        assert service.exit_status() == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"app": "tiny:nothing"}, "no application at 'tiny:nothing'"),
        ({"app": "nowhere:app"}, "no application at 'nowhere:app'"),
        ({"app": "tiny:raises_at_once"}, "left in its startup"),
        ({"certfile": "missing.pem"}, "cannot use the certificate missing.pem"),
    ],
)
def test_a_service_that_cannot_start_says_why_and_ends(
    serve: "Serve", options: dict[str, str], reason: str
) -> None:
    service = serve("hypercorn", **options)
    assert service.exit_status() == 1
    service.said(reason)
    service.said("the service could not start")


def test_a_port_that_is_taken_is_said_so(service: "Service") -> None:
    with pytest.raises(PortTaken, match=str(service.port)):
        run(ServeOptions(port=service.port))


def test_a_server_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httptools", None)
    with pytest.raises(ServerNotInstalled, match=r"authgate\[fast\]"):
        run(ServeOptions(kind="uvicorn"))


def test_a_worker_that_served_is_replaced_at_once_one_that_keeps_failing_ever_later() -> None:
    crashes = CrashLoop()
    assert crashes.delay(was_ready=True, lived_seconds=60) == 0
    delays = [crashes.delay(was_ready=False, lived_seconds=1) for _ in range(10)]
    assert delays == sorted(delays)
    assert delays[0] < 1
    assert delays[-1] == LONGEST_DELAY_SECONDS
    assert crashes.delay(was_ready=True, lived_seconds=60) == 0
