"""Servers in this process leave audit logs as they are, unless a test has one sealed: rows that
change beside what a test does would be taken for its doing. Nor does anybody look at them for
alerts, one of which is that a log is not sealed. A file of a log is written at once: neither will
seals come, nor is anything on its way when it is asked for."""

from collections.abc import Iterator

import pytest

from authgate import background
from authgate.background import queues
from authgate.exports import audit_log
from authgate.jobs import Periodic, RaiseAlerts, SealAudit
from authgate.settings import Settings


def _others(settings: Settings) -> tuple[Periodic, ...]:
    left_out = SealAudit | RaiseAlerts
    return tuple(
        each for each in background.schedule(settings) if not isinstance(each.job, left_out)
    )


@pytest.fixture(scope="session", autouse=True)
def _unsealed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queues, "schedule", _others)
        patch.setattr(audit_log, "_SEAL_LOOKS", 0)
        patch.setattr(audit_log, "_SETTLED_SECONDS", 0.0)
        yield
