"""``authgate overview``: what a tenant comes to lately, in a terminal."""

from authgate_testing.command import Cli


def test_an_overview_is_told_as_tables_and_as_json(lite_cli: Cli) -> None:
    told = lite_cli("overview", "-t", "acme", "--json")
    assert told.code == 0, told.err
    assert [each["measure"] for each in told.data["figures"]] == [
        "active_users",
        "sign_ins",
        "failures",
        "tokens",
        "new_users",
        "new_clients",
    ]
    shown = lite_cli("overview", "-t", "acme", "--span", "24h")
    assert shown.code == 0, shown.err
    assert "new_clients" in shown.out
    assert f"Counted until {told.data['counted_until'][:10]}" in shown.out + shown.err
