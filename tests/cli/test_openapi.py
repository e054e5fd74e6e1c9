"""``authgate openapi``: the document of the admin API, written and compared."""

from pathlib import Path

from authgate_testing.command import Cli


def test_the_document_is_written_and_compared(command: Cli, tmp_path: Path) -> None:
    written = command("openapi")
    assert (written.code, written.err) == (0, "")
    assert written.data["openapi"] == "3.1.0"
    copy = tmp_path / "openapi.json"
    copy.write_text(written.out)
    assert command("openapi", "--check", str(copy)).code == 0
    copy.write_text("{}")
    assert command("openapi", "--check", str(copy)).code == 1


def test_the_document_is_of_the_issuer_that_is_named(command: Cli) -> None:
    document = command("openapi", "--issuer", "https://login.acme.example").data
    assert document["servers"] == [{"url": "https://login.acme.example/api/v1"}]
