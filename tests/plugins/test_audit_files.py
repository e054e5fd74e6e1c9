"""The bundled plugin that writes audit logs into files keeps what every sink has to keep."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from authgate.plugin_api import AuditEvent, EventFormat, formatted
from authgate.testing import AuditSinkContract
from authgate.testing.sink_contract import EVENTS
from authgate_jsonl import files

OF_A_DAY = [replace(each, tenant="acme", occurred_at=EVENTS[0].occurred_at) for each in EVENTS]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(files.FOLDER, str(tmp_path / "audit"))
    (tmp_path / "audit").mkdir()
    return tmp_path / "audit"


class TestFiles(AuditSinkContract):
    plugin = "jsonl"

    def handed_on(self) -> str:
        found = Path(os.environ[files.FOLDER]).rglob("*.jsonl")
        return "".join(each.read_text() for each in sorted(found))

    @contextmanager
    def broken(self) -> Iterator[None]:
        folder = Path(os.environ[files.FOLDER])
        away = folder.rename(folder.with_name("away"))
        yield
        away.rename(folder)


def written(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for each in sorted(folder.rglob("*.jsonl"))
        for line in each.read_bytes().splitlines()
    ]


def ids(events: list[AuditEvent]) -> list[str]:
    return [each.id for each in events]


def test_each_event_is_a_line_that_its_tenants_folder_alone_has(folder: Path) -> None:
    first, other = EVENTS[0], replace(EVENTS[1], tenant="globex")
    files.append([first])
    files.append([other])
    [file] = (folder / first.tenant).glob("*.jsonl")
    [line] = written(folder / first.tenant)
    assert file.name == f"{first.occurred_at:%Y-%m-%d}.jsonl"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (line["id"], line["lifecycle"], line["details"]) == (
        first.id, first.lifecycle, dict(first.details),
    )  # fmt: skip
    assert ids([other]) == [line["id"] for line in written(folder / "globex")]


def test_what_a_killed_process_left_of_a_line_goes_and_nothing_is_there_twice(
    folder: Path,
) -> None:
    files.append(OF_A_DAY[:2])
    [file] = (folder / "acme").glob("*.jsonl")
    whole = file.read_bytes()
    for torn in (b"{", whole[: len(whole) // 3], b"x" * (files._PIECE + 7)):
        with file.open("ab") as left:
            left.write(torn)
        files.append(OF_A_DAY[:3])
        assert [line["id"] for line in written(folder)] == ids(OF_A_DAY[:3])
    file.write_bytes(whole[:9])
    files.append(OF_A_DAY[:3])
    assert [line["id"] for line in written(folder)] == ids(OF_A_DAY[:3])


@pytest.mark.parametrize("form", EventFormat)
def test_whatever_events_are_written_as_nothing_is_there_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch, form: EventFormat
) -> None:
    monkeypatch.setenv(files.FORMAT, form)
    files.append(OF_A_DAY[:3])
    files.append(OF_A_DAY)
    assert written(folder) == [json.loads(json.dumps(formatted(each, form))) for each in OF_A_DAY]


def test_a_format_that_there_is_not_has_events_wait(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(files.FORMAT, "csv")
    with pytest.raises(files.FormatNotKnown):
        files.append(OF_A_DAY)
    assert not written(folder)


def test_a_full_file_is_followed_by_another_and_a_day_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1)
    for each in OF_A_DAY[:3]:
        files.append([each])
    day = f"{OF_A_DAY[0].occurred_at:%Y-%m-%d}"
    names = sorted(each.name for each in (folder / "acme").glob("*.jsonl"))
    assert names == sorted([f"{day}.jsonl", f"{day}.1.jsonl", f"{day}.2.jsonl"])


def test_a_folder_that_another_process_writes_into_or_that_leads_away_is_not_waited_for(
    folder: Path, tmp_path: Path
) -> None:
    with files._folder_of("acme"), pytest.raises(BlockingIOError):
        files.append(OF_A_DAY)
    (folder / "globex").symlink_to(tmp_path)
    with pytest.raises(OSError, match=r"directory|symbolic"):
        files.append([replace(OF_A_DAY[0], tenant="globex")])
    for name in ("..", "a/b", ""):
        with pytest.raises(ValueError, match="folder"):
            files.append([replace(OF_A_DAY[0], tenant=name)])


def test_where_the_operator_named_no_folder_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(files.FOLDER)
    with pytest.raises(files.FolderNotNamed):
        files.append(OF_A_DAY)
