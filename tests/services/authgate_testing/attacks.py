"""How much of the attack catalogue the run has covered.

A test of a catalogue row carries its id: ``test_dv_01_…`` tests DV-01, and so does one of its
parameters that is called ``dv_01_…``. Several tests may share one row, and one test may be about
several: ``test_un_07_15_…`` about UN-07 and UN-15, ``test_mx_03_ca_13_…`` about MX-03 and CA-13.
The run counts rows.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

import pytest

ROWS = {
    "AD": ("administration", 14),
    "AU": ("audit log", 10),
    "CA": ("client authentication", 21),
    "CO": ("authorization codes", 14),
    "DC": ("dynamic clients", 12),
    "DV": ("device flow", 15),
    "EX": ("exports", 12),
    "HT": ("HTTP", 22),
    "IN": ("introspection", 14),
    "JW": ("JWTs", 24),
    "KY": ("keys", 9),
    "LG": ("sign-in", 20),
    "MX": ("mix-up", 15),
    "PK": ("PKCE", 10),
    "PL": ("plugins", 15),
    "PW": ("password reset", 12),
    "RT": ("refresh tokens", 17),
    "RU": ("redirect URIs", 20),
    "SS": ("server-side requests", 12),
    "TI": ("tenant isolation", 37),
    "UN": ("Unicode", 18),
    "WB": ("web pages", 21),
}

_NAMED = re.compile(r"(?:::test_|[\[-])((?:[a-z]{2}(?:_\d\d)+_)+)")
_GROUP = re.compile(r"([a-z]{2})((?:_\d\d)+)_")


def rows_of(node_ids: Iterable[str]) -> dict[str, set[int]]:
    """Return the rows that these tests are about, by group."""
    rows: dict[str, set[int]] = defaultdict(set)
    for node_id in node_ids:
        for named in _NAMED.findall(node_id):
            for group, numbers in _GROUP.findall(named):
                if group.upper() in ROWS:
                    rows[group.upper()].update(map(int, numbers.strip("_").split("_")))
    return rows


def summary(rows: dict[str, set[int]]) -> list[str]:
    """Say in two lines which rows ran and which groups wait for what they attack."""
    total = sum(size for _, size in ROWS.values())
    ran = sum(len(numbers) for numbers in rows.values())
    here = ", ".join(
        f"{name} {len(rows[group])}/{size}" for group, (name, size) in ROWS.items() if group in rows
    )
    waiting = ", ".join(
        f"{name} ({size})" for group, (name, size) in ROWS.items() if group not in rows
    )
    return [
        f"{ran} of {total} rows ran: {here or 'none'}",
        f"groups that wait for what they attack: {waiting or 'none'}",
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the summary above the closing line, where any row ran."""
    ran = {
        report.nodeid
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if isinstance(report, pytest.TestReport)
    }
    if rows := rows_of(ran):
        terminalreporter.section("attack catalogue")
        for line in summary(rows):
            terminalreporter.write_line(line)
