"""``authgate audit verify`` and ``authgate audit checkpoint``."""

import sqlite3
from pathlib import Path

from authgate_testing.command import Cli, Ended


def tamper(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "authgate.db") as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def test_a_log_is_verified_by_a_checkpoint_that_was_kept(lite_cli: Cli, tmp_path: Path) -> None:
    kept = tmp_path / "acme.checkpoint"
    kept.write_text(lite_cli("audit", "checkpoint", "-t", "acme").out)
    lite_cli("user", "create", "-t", "acme", "mira")
    lite_cli("audit", "checkpoint", "-t", "acme")
    ended = lite_cli("audit", "verify", "-t", "acme", "--checkpoint", str(kept), "-o", "json")
    [told] = ended.data
    assert (ended.code, told["sound"], told["events"], told["faults"]) == (0, True, 2, [])
    [key] = lite_cli("audit", "seal-keys").out.split()
    assert told["signed_by"] == key

    last = "seq = (SELECT max(seq) FROM audit_events)"
    tamper(tmp_path, f"UPDATE audit_events SET actor_name = 'nobody' WHERE {last}")  # noqa: S608
    ended = lite_cli("audit", "verify", "-o", "json")
    assert ended.code == 1
    assert "acme" in ended.err
    [fault] = ended.data[0]["faults"]
    assert (fault["kind"], fault["seq"]) == ("edited", 2)
    assert fault["event_id"]
    assert "edited" in lite_cli("audit", "verify").out

    tamper(tmp_path, "DELETE FROM audit_seals")
    tamper(tmp_path, "DELETE FROM audit_events")
    assert lite_cli("audit", "verify", "-t", "acme").code == 0
    ended = lite_cli("audit", "verify", "-t", "acme", "--checkpoint", str(kept), "-o", "json")
    assert ended.code == 1
    assert [each["kind"] for each in ended.data[0]["faults"]] == ["tail cut"]


def test_what_is_no_checkpoint_of_the_tenant_is_refused(lite_cli: Cli, tmp_path: Path) -> None:
    lite_cli("tenant", "create", "globex")
    kept = tmp_path / "kept"
    kept.write_text(lite_cli("audit", "checkpoint", "-t", "globex").out)
    given = ("--checkpoint", str(kept))
    assert lite_cli("audit", "verify", "-t", "acme", *given).code == 2
    assert lite_cli("audit", "verify", *given).code == 2
    kept.write_text("nothing")
    ended = lite_cli("audit", "verify", "-t", "globex", *given)
    assert (ended.code, ended.err) == (1, "authgate: This is no checkpoint of an audit log.\n")
    assert lite_cli("audit", "checkpoint", "-t", "nowhere").code == 3


def test_the_log_in_a_tenant_s_file_is_verified_where_no_installation_is(
    lite_cli: Cli, command: Cli, tmp_path: Path
) -> None:
    for name in ("mira", "noor", "omar"):
        lite_cli("user", "create", "-t", "acme", name)
    kept, file = tmp_path / "kept", tmp_path / "acme.jsonl"
    kept.write_text(lite_cli("audit", "checkpoint", "-t", "acme").out)
    # That a file was written is in the log, and in no file.
    assert lite_cli("tenant", "export", "acme", str(file), "--without-secrets").code == 0
    lite_cli("user", "create", "-t", "acme", "pia")
    lite_cli("audit", "checkpoint", "-t", "acme")
    again = tmp_path / "again.jsonl"
    assert lite_cli("tenant", "export", "acme", str(again), "--without-secrets").code == 0
    [key] = lite_cli("audit", "seal-keys").out.split()
    tamper(tmp_path, "UPDATE tenants SET name = 'nobody asks it'")

    def verified(path: Path, *more: str) -> Ended:
        return command("audit", "verify", "--file", str(path), *more, "-o", "json")

    for path, events in ((file, 4), (again, 5)):
        ended = verified(path, "--key", key, "--checkpoint", str(kept))
        assert (ended.code, ended.data[0]["faults"]) == (0, [])
        assert ended.data[0]["events"] == events
    assert verified(file).code == 2
    assert verified(file, "--key", "another").data[0]["faults"][0]["kind"] == "forged"
    tamper(tmp_path, "UPDATE audit_events SET details = '{}' WHERE seq = 3")
    tamper(tmp_path, "DELETE FROM audit_events WHERE seq = 2")
    assert (
        lite_cli("tenant", "export", "acme", str(again), "--without-secrets", "--force").code == 0
    )
    ended = verified(again, "--key", key)
    assert ended.code == 1
    found = [(each["kind"], each["seq"]) for each in ended.data[0]["faults"]]
    assert ("edited", 3) in found
    assert ("deleted", 2) in found


def test_a_file_of_the_log_is_verified_by_the_seals_that_were_printed_beside_it(
    lite_cli: Cli, command: Cli, tmp_path: Path
) -> None:
    for name in ("mira", "noor", "omar"):
        lite_cli("user", "create", "-t", "acme", name)
    kept, seals = tmp_path / "kept", tmp_path / "acme.seals"
    kept.write_text(lite_cli("audit", "checkpoint", "-t", "acme").out)
    files = {form: tmp_path / f"log.{form}" for form in ("jsonl", "csv")}
    for form, file in files.items():
        some = ("--type", "user_created", "--format", form, "--output", str(file))
        assert lite_cli("audit", "export", "-t", "acme", *some).code == 0
    seals.write_text(lite_cli("audit", "seals", "-t", "acme").out)
    [key] = lite_cli("audit", "seal-keys").out.split()
    tamper(tmp_path, "DELETE FROM audit_events")

    def verified(file: Path, *more: str) -> Ended:
        given = ("--file", str(file), "--seals", str(seals), *more)
        return command("audit", "verify", *given, "-o", "json")

    for file in files.values():
        ended = verified(file, "--key", key, "--checkpoint", str(kept))
        assert (ended.code, ended.data[0]["faults"]) == (0, []), file
        assert (ended.data[0]["events"], ended.data[0]["waiting"]) == (3, 0), "those chosen"
        whole = file.read_text()
        assert "noor" in whole
        file.write_text(whole.replace("noor", "nora"))
        ended = verified(file, "--key", key)
        assert (ended.code, [each["kind"] for each in ended.data[0]["faults"]]) == (1, ["edited"])
        file.write_text(whole)
    assert verified(files["csv"], "--key", "another").data[0]["faults"][0]["kind"] == "forged"
    last = seals.read_text().splitlines()
    seals.write_text("\n".join(last[:1]) + "\n")
    ended = verified(files["jsonl"], "--key", key, "--checkpoint", str(kept))
    assert [each["kind"] for each in ended.data[0]["faults"]] == ["tail cut"]
    assert ended.data[0]["waiting"] == 3, "no seal holds them fast"
    seals.write_text("{}\n")
    ended = verified(files["jsonl"], "--key", key)
    assert (ended.code, "no seals" in ended.err) == (1, True)
    assert command("audit", "verify", "--seals", str(seals)).code == 2
