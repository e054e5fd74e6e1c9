"""The security guide leaves no point out, and names what there is."""

import re
from pathlib import Path

import pytest

from authgate_testing.pages import rows, section

POINTS = {
    "Secrets and configuration": [
        "secret that signs tokens",
        "secret of sessions",
        "first administrator's password",
        "nothing in version control",
        "environment or secrets manager",
        "rotation",
        "mode of private key files",
        "strength of keys",
    ],
    "Network": [
        "https alone",
        "valid certificates",
        "firewall",
        "reverse proxy",
        "HTTP/2",
        "other origins (CORS)",
    ],
    "Tokens": [
        "lifetime of device codes",
        "lifetime of access tokens",
        "lifetime of refresh tokens",
        "rotation of refresh tokens",
        "scopes, least privilege",
    ],
    "Rate limiting": [
        "on",
        "shared by several processes",
        "fitted to the traffic",
        "in the audit log",
        "alerts",
        "token for registration",
        "pending registrations",
    ],
    "Audit logging": ["on", "retention", "growth", "exports", "regular review", "alerts"],
    "Database": [
        "PostgreSQL",
        "encryption at rest",
        "backups each day",
        "reachable by few",
        "strong passwords",
        "TLS to it",
    ],
    "Application": [
        "not as root",
        "container's user",
        "timeouts",
        "clean-up of what has expired",
        "sessions",
        "CSRF",
    ],
    "Monitoring": [
        "health",
        "logs in one place",
        "alerts on errors",
        "failed sign-ins",
        "unusual patterns",
        "backups that are tried",
    ],
    "People": [
        "they look at their own sessions",
        "they know how to end one",
        "incidents have a written course",
        "administrators are trained",
        "disabling is the fastest way",
    ],
    "What AuthGate is made against": [
        "secrets in programs that are handed out",
        "phishing",
        "replay",
        "tampering with tokens",
        "guessing",
        "clients that nobody approved",
        "questions about tokens",
        "abuse and floods",
        "stolen sessions",
    ],
    "What you have to secure": [
        "the host",
        "volumes and backups",
        "TLS",
        "rotation of secrets",
        "signing keys",
        "isolation of the network",
    ],
    "Sessions": ["lifetimes", "cookies", "fingerprint", "silence"],
    "Limits": [
        "guessing passwords",
        "harvesting device codes",
        "guessing user codes",
        "floods",
        "counting by address",
        "in production",
    ],
}
"""What the guide of AuthGate (Go) goes through point by point, in our words, by our headings."""

TOLD = [
    "Generating secrets",
    "Files",
    "Vault",
    "AWS Secrets Manager",
    "Kubernetes",
    "Rotating secrets",
    "Certificates",
    "nginx",
    "Testing TLS",
    "SQLite",
    "PostgreSQL connections",
    "PostgreSQL roles",
    "At rest",
    "Reviews",
    "Detection",
    "Containment",
    "Investigation",
    "Remediation",
    "Recovery",
    "Afterwards",
    "Contacts",
    "Reading",
]
"""What it tells at length, each with a section here."""

_NOBODY = "–"  # noqa: RUF001 - as pages write that there is nothing to say
REVIEWS = ["week", "month", "quarter", "year"]
_NO_CODES = frozenset({"http-api", "rotate-keys", "unattended-upgrades"})


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page."""
    return (repository / "docs/security-guide.md").read_text()


@pytest.mark.parametrize("heading", POINTS)
def test_every_point_has_its_row(page: str, heading: str) -> None:
    assert [row[0] for row in rows(page, heading)] == POINTS[heading]


@pytest.mark.parametrize("heading", POINTS)
def test_every_row_says_who_does_what_and_who_notices(page: str, heading: str) -> None:
    assert [row for row in rows(page, heading) if len(row) != 4 or not all(row)] == []


@pytest.mark.parametrize("heading", POINTS)
def test_whatever_notices_is_there(
    page: str, heading: str, codes: set[str], alerts: set[str]
) -> None:
    for row in rows(page, heading):
        named = set(re.findall(r"`([^`]+)`", row[-1]))
        assert named <= codes | alerts, row
        assert named or row[-1] == _NOBODY or row[-1].startswith("nothing"), row


@pytest.mark.parametrize("heading", TOLD)
def test_what_takes_more_than_a_row_has_itssection(page: str, heading: str) -> None:
    assert len(section(page, heading).split()) >= 15


def test_every_review_has_its_row(page: str) -> None:
    assert [row[0] for row in rows(page, "Reviews")] == REVIEWS


@pytest.mark.parametrize("name", ["security-guide", "backup", "migrate"])
def test_every_code_that_a_guide_names_exists(
    code_in: dict[str, list[str]], codes: set[str], name: str
) -> None:
    code = code_in[f"docs/{name}.md"]
    shaped = {each for each in code if re.fullmatch(r"[a-z]+(-[a-z]+)+", each)}
    assert shaped - _NO_CODES <= codes
