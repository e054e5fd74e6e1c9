"""Whatever is killed, cut, stalled or restarted: what was acknowledged is stored, and once; and
what follows from it is done."""

import os
import time
from collections.abc import Callable

from authgate_testing.faults import aftermath
from authgate_testing.faults.deployment import Deployment
from authgate_testing.faults.errands import Clerk, Visitor
from authgate_testing.faults.history import History, Kind
from authgate_testing.faults.load import Device, Machine, crowd
from authgate_testing.faults.nemesis import Nemesis, Recovery

FAULTS = 31
MINUTE = 60.0
LEAVING_SECONDS = 30.0
"""Within which accounts are to be deleted."""


async def test_nothing_acknowledged_is_lost_doubled_or_astray(
    deployment: Deployment, history: History, said: Callable[[str], None], seed: int
) -> None:
    nemesis = Nemesis(deployment, history, seed)
    clients = [Machine, Device, Clerk, Device, Machine, Visitor, Clerk, Device, Machine]
    households = deployment.site.households
    before = await aftermath.usage(deployment)
    await deployment.have_people_leave(nemesis.luck, within=LEAVING_SECONDS)
    deployment.site.outside.be_unwell()
    began = time.monotonic()
    with deployment.crew_at_work():
        async with crowd(history, deployment.hosts, households, clients, seed=seed):
            await nemesis.rage()
        seconds = time.monotonic() - began
        violations = await deployment.violations(history)
        followed, later = await deployment.following(history, before)
    violations += followed
    said(
        f"round {seed}: {nemesis.faults.total()} faults in {seconds:.0f} s,"
        f" {nemesis.within(MINUTE)} of them in the first {MINUTE:.0f} s, at a load of"
        f" {os.getloadavg()[0]:.1f}; {_figures(history)}; {len(violations)} violations"
    )
    said(f"  {_followed(history, deployment)}; all of it was done {later:.1f} s after the faults")
    for line in _slowest(nemesis):
        said(f"  {line}")
    assert not violations, deployment.explained(violations)
    assert nemesis.faults.total() >= FAULTS
    assert not [str(each) for each in nemesis.recoveries if not each.is_well]


def _figures(history: History) -> str:
    tokens = sum(bool(call.gave) for call in history.of(Kind.MACHINE, Kind.REDEMPTION))
    approvals = sum(call.status == 200 for call in history.of(Kind.APPROVAL))
    unknown = sum(call.may_have_been_done for call in history.calls)
    return (
        f"{len(history.calls)} requests, {tokens} tokens and {approvals} approvals acknowledged,"
        f" {unknown} requests refused for the moment or cut off"
    )


def _followed(history: History, deployment: Deployment) -> str:
    files = [file for file in history.files if file.parts is not None]
    rows = sum(file.said["rows"] for file in files)
    invited = sum(bool(call.gave) for call in history.of(Kind.INVITATION))
    signed_out = sum(call.status == 303 for call in history.of(Kind.SIGN_OUT))
    leavers = sum(len(each.leavers) for each in deployment.site.households)
    return (
        f"{len(files)} of {len(history.files)} files of the log taken with {rows} rows,"
        f" {invited} invitations, {signed_out} sign-outs, {leavers} accounts deleted"
    )


def _slowest(nemesis: Nemesis) -> list[str]:
    slowest = dict[str, Recovery]()
    for each in sorted(nemesis.recoveries, key=lambda each: each.seconds):
        slowest[each.fault] = each
    return [
        f"well again after {fault}: {each.seconds:.2f} s, of {each.limit:.0f} s on a quiet machine"
        for fault, each in sorted(slowest.items())
    ]
