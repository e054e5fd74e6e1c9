"""A process that has imported what our programs are made of, and becomes one of them on demand.

A program spends a second of a processor on its imports, most of what a test costs that starts one.
Whoever is born here has them already; else it is what ``python -m …`` would be: a process of its
own, a child of whoever asked for it, with the descriptors, environment, folder, session, signals
and paths that it was to have, in which nothing of ours has run yet. A program that starts others
by ``python -m`` has a nursery of its own for them.

This file is run, not imported from a path that the programs would have too.
"""

import atexit
import ctypes
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

IMPORTS = (
    "authgate.app",
    "authgate.cli.command_line",
    "authgate.cli.completion",
    "authgate.cli.demo.demo",
    "authgate.cli.doctor",
    "authgate.cli.expected",
    "authgate.cli.operation.migrate",
    "authgate.cli.operation.serve",
    "authgate.cli.sign_in.login",
    "authgate.serving.hypercorn_server",
    "authgate.serving.uvicorn_server",
    "authgate.storage.postgres.tenant_keys",
    "authgate_gitea",
    "authgate_github",
    "authgate_gitlab",
    "authgate_google",
    "authgate_http_api",
    "authgate_http_sink",
    "authgate_http_target",
    "authgate_jsonl",
    "authgate_ldap",
    "authgate_microsoft",
    "authgate_networks",
    "authgate_oauth2",
    "authgate_oidc",
    "authgate_redis_stream",
    "authgate_s3",
    "authgate_saml",
    "authgate_splunk",
    "authgate_syslog",
    "authgate_templates",
    "uvloop",
)
"""What programs import, none of which reads the environment while it is imported, but this."""

_MIGRATIONS = "authgate.storage.migrations"
"""All that is in there is imported besides, as by whoever opens a database."""

_OF_WORKERS = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "kombu.transport.redis",
)
"""What programs that do jobs import besides: with the first of them, as most runs have none."""

_SHARED_MEASURES = "PROMETHEUS_MULTIPROC_DIR"
"""Who measures into a folder with others would have to know before it imports what measures."""

_PROGRAMS_OF_TESTS = "authgate_testing."

MAY_BE_BORN = "# This program may be born in a nursery.\n"
"""First line of a program that is given as ``-c`` and cares for nothing that happens in a start."""

_LONGEST_ORDER = 1 << 20
_MOST_DESCRIPTORS = 64
_OUT_OF_THE_WAY = 200
"""From this number on a program has the line to its own nursery."""

_PATIENCE_SECONDS = 10.0
_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36
_FORK_EXEC_TAKES = 23
_SIGNALS = sorted(set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})

_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to start."""

    words: list[str]
    """Behind ``python``."""
    environment: dict[str, str]
    folder: str
    descriptors: list[int]
    """Which number each of those that are sent along gets."""
    parent: int
    session: bool
    group: int
    umask: int
    user: int | None
    groups: list[int] | None
    dies_with_parent: int
    """The signal that it gets when its parent has ended, or 0."""
    ignored: list[int]
    """The signals that its parent ignores, as of one that was started in the background."""


class Nursery:
    """The line to a process that forks."""

    def __init__(self, line: socket.socket, as_ever: Callable[..., int]) -> None:
        self._line = line
        self._alone = threading.Lock()
        self._as_ever = as_ever

    def fork_exec(self, *given: Any) -> int:
        """What ``subprocess`` calls to start a program; that of ours is born, others as ever."""
        order = wanted(*given)
        return self._as_ever(*given) if order is None else self._born(*order)

    def _born(self, order: Order, descriptors: list[int]) -> int:
        message = json.dumps(asdict(order)).encode()
        with self._alone:
            # Whose parent has ended is given to the nearest that asks for orphans: to us.
            _control(_SET_CHILD_SUBREAPER, 1)
            try:
                socket.send_fds(self._line, [message], descriptors)
                return int(self._line.recv(64))
            finally:
                _control(_SET_CHILD_SUBREAPER, 0)


def wanted(*given: Any) -> tuple[Order, list[int]] | None:
    """The order of a program that can be born, and its descriptors; None of any other."""
    return _order(*given) if len(given) == _FORK_EXEC_TAKES else None


def _order(
    args: Sequence[bytes | str], executables: Sequence[bytes], close_fds: bool,
    pass_fds: Sequence[int], cwd: bytes | str | None, env: Sequence[bytes] | None,
    p2cread: int, p2cwrite: int, c2pread: int, c2pwrite: int, errread: int, errwrite: int,
    errpipe_read: int, errpipe_write: int, restore_signals: bool, session: bool, group: int,
    gid: int | None, gids: Sequence[int] | None, uid: int | None, umask: int, preexec: object,
    vfork: bool,
) -> tuple[Order, list[int]] | None:  # fmt: skip
    environment = dict(os.environ)
    if env is not None:
        environment = dict(os.fsdecode(each).split("=", 1) for each in env)
    words = _of_python([os.fsdecode(each) for each in args], environment)
    dies = getattr(preexec, "parent_death_signal", None)
    if words is None or not close_fds or gid is not None or (preexec and dies is None):
        return None
    given = {0: p2cread, 1: c2pwrite, 2: errwrite}
    sent = {number: number if one < 0 else one for number, one in given.items()}
    sent |= {number: number for number in pass_fds if number != errpipe_write}
    order = Order(
        words=words,
        environment=environment,
        folder=os.fsdecode(cwd) if cwd is not None else os.getcwd(),
        descriptors=list(sent),
        parent=os.getpid(),
        session=bool(session),
        group=group,
        umask=umask,
        user=uid,
        groups=list(gids) if gids is not None else None,
        dies_with_parent=dies or 0,
        ignored=[each for each in _SIGNALS if signal.getsignal(each) is signal.SIG_IGN],
    )
    return order, list(sent.values())


def _of_python(words: list[str], environment: dict[str, str]) -> list[str] | None:
    """What is behind ``python``, if that is ours and runs a module of ours as it usually would."""
    if words[0] == "/usr/bin/env":
        words = words[1:]
        while words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
    if not words or words[0] != sys.executable:
        return None
    words = words[1:]
    return words if _may_be_born(words) and not _is_told_more(environment) else None


def _may_be_born(words: list[str]) -> bool:
    match words:
        case ["-m", "authgate", "worker" | "beat", *_]:
            return False  # Celery, which is imported by nobody else
        case ["-m", "authgate", *_] | ["-P", "-m", "authgate.serving.worker", *_]:
            return True
        case ["-m", name, *_]:
            return name.startswith(_PROGRAMS_OF_TESTS)
        case ["-c", code, *_]:
            return code.startswith(MAY_BE_BORN)
    return False


def _is_told_more(environment: dict[str, str]) -> bool:
    """Whether the interpreter is to be another than ours."""
    return any(
        name.startswith("PYTHON") and name != "PYTHONPATH" and os.environ.get(name) != value
        for name, value in environment.items()
    )


def serve(line: socket.socket) -> None:
    """Bear whoever is asked for, until whoever asks is gone."""
    while True:
        message, sent, _, _ = socket.recv_fds(line, _LONGEST_ORDER, _MOST_DESCRIPTORS)
        if not message:
            os._exit(0)
        order = Order(**json.loads(message))
        if "authgate_workers" in order.words[-1]:
            for name in _OF_WORKERS:
                importlib.import_module(name)
        between = os.fork()
        if between == 0:
            if os.fork():
                os._exit(0)  # and whoever was born is the child of who asked for it
            _live(order, sent, line)
        for each in sent:
            os.close(each)
        os.waitpid(between, 0)


def _live(order: Order, sent: list[int], line: socket.socket) -> None:
    """Be the program."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while os.getppid() != order.parent:
        if time.monotonic() > give_up_at:
            os._exit(1)
        time.sleep(0.0002)
    line.send(str(os.getpid()).encode())
    line.close()
    nursery = _own_nursery() if _is_parent(order.words) else None
    _take_descriptors(order.descriptors, sent, nursery)
    _become(order)
    _look_like_new(order)
    if nursery is not None:
        as_ever = subprocess._fork_exec  # type: ignore[attr-defined]
        subprocess._fork_exec = Nursery(nursery, as_ever).fork_exec  # type: ignore[attr-defined]
    _run(order.words)


def _is_parent(words: list[str]) -> bool:
    """Whether it starts programs: those of ours that may are those that serve."""
    match words:
        case ["-m", "authgate", command, *_]:
            return command in {"serve", "demo"}
        case ["-m", "authgate_testing.faults.broken" | "authgate_testing.faults.hurried", *_]:
            return True
        case ["-c", *_]:
            return True
    return False


def _own_nursery() -> socket.socket:
    line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork():
        other.close()
        return line
    line.close()
    keep = other.fileno()
    os.closerange(0, keep)
    os.closerange(keep + 1, _highest() + 1)
    for _ in range(3):
        os.open(os.devnull, os.O_RDWR)
    _ignore_orders()
    serve(other)
    return other


def _take_descriptors(numbers: list[int], sent: list[int], nursery: socket.socket | None) -> None:
    kept = [*numbers, nursery.fileno()] if nursery is not None else numbers
    above = max([*kept, *sent]) + 1
    aside = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, above) for each in sent]
    if nursery is not None:
        moved = fcntl.fcntl(nursery.fileno(), fcntl.F_DUPFD_CLOEXEC, max(above, _OUT_OF_THE_WAY))
        nursery.detach()
        socket.socket.__init__(nursery, fileno=moved)
    os.closerange(0, above)
    for one, number in zip(aside, numbers, strict=True):
        os.dup2(one, number, inheritable=True)
        os.close(one)


def _highest() -> int:
    return max(map(int, os.listdir("/proc/self/fd")))


def _become(order: Order) -> None:
    """Do what is done between fork and exec."""
    os.chdir(order.folder)
    if order.umask >= 0:
        os.umask(order.umask)
    if order.session:
        os.setsid()
    if order.group >= 0:
        os.setpgid(0, order.group)
    if order.groups is not None:
        os.setgroups(order.groups)
    if order.user is not None:
        os.setreuid(order.user, order.user)
    if order.dies_with_parent:
        _control(_SET_PARENT_DEATH_SIGNAL, order.dies_with_parent)


def _look_like_new(order: Order) -> None:
    """Do what an interpreter does when it starts."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ, *order.ignored):
        signal.signal(ignored, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(order.environment)
    if not any(os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        os.environ["LC_CTYPE"] = "C.UTF-8"
    time.tzset()
    if _SHARED_MEASURES in order.environment:
        _measure_with_others()
    first = {"-P": [], "-c": [""]}.get(order.words[0], [order.folder])
    given = [each for each in order.environment.get("PYTHONPATH", "").split(os.pathsep) if each]
    sys.path[:0] = first + given
    importlib.invalidate_caches()
    sys.orig_argv[:] = [sys.executable, *order.words]
    sys.stdin = _stream(0, "r")
    sys.stdout = _stream(1, "w")
    sys.stderr = _stream(2, "w", errors="backslashreplace", lines=True)
    gc.enable()


def _measure_with_others() -> None:
    """Have what measures do so where others can read it, from what it says so far."""
    from prometheus_client import values
    from prometheus_client.metrics import Gauge, MetricWrapperBase

    from authgate.telemetry.families import REGISTRY

    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # not annotated
    for family in REGISTRY._collector_to_names:
        assert isinstance(family, MetricWrapperBase)
        for member in family._metrics.values() if family._labelnames else [family]:
            said = member._value.get() if isinstance(member, Gauge) else 0
            member._metric_init()  # type: ignore[no-untyped-call]  # not annotated
            if isinstance(member, Gauge) and said:
                member.set(said)


def _stream(number: int, mode: str, *, errors: str = "surrogateescape", lines: bool = False) -> Any:
    at_once = mode == "w" and bool(os.environ.get("PYTHONUNBUFFERED"))
    stream = open(  # noqa: SIM115 - as long as the process
        number, mode, encoding="utf-8", errors=errors, closefd=False
    )
    by_lines = mode == "w" and not at_once and (lines or stream.isatty())
    stream.reconfigure(  # type: ignore[attr-defined]
        line_buffering=by_lines, write_through=at_once
    )
    return stream


def _run(words: list[str]) -> None:
    """Run it to its end, and end as the interpreter would."""
    flag, what, *arguments = words[1:] if words[0] == "-P" else words
    sys.argv[:] = [flag, *arguments]
    main = sys.modules["__main__"] = ModuleType("__main__")
    try:
        if flag == "-m":
            runpy._run_module_as_main(what)  # type: ignore[attr-defined]
        else:
            exec(compile(what, "<string>", "exec"), main.__dict__)  # noqa: S102 - as -c does
        status = 0
    except SystemExit as end:
        status = _status(end.code)
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        status = -1
    except BaseException:  # noqa: BLE001 - the interpreter's own way
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    if status < 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status & 0xFF)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    print(code, file=sys.stderr)
    return 1


def _control(option: int, value: int) -> None:
    assert _LIBC is not None
    _LIBC.prctl(option, value, 0, 0, 0)


def _ignore_orders() -> None:
    # Whoever is asked to leave may still start others; all of it ends with the line to it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Import everything, then serve the line whose descriptor is the first argument."""
    _ignore_orders()
    line = socket.socket(fileno=int(sys.argv[1]))
    gc.disable()
    for name in IMPORTS:
        importlib.import_module(name)
    for step in pkgutil.iter_modules(importlib.import_module(_MIGRATIONS).__path__):
        importlib.import_module(f"{_MIGRATIONS}.{step.name}")
    gc.collect()
    gc.freeze()
    serve(line)


if __name__ == "__main__":
    main()
