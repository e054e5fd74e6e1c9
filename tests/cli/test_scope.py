"""``authgate scope``: the words for scopes, by command."""

from authgate_testing.command import Cli

ORDERS = ("orders:read", "--title", "See your orders", "--translation", "de=Bestellungen sehen")


def test_a_scope_is_described_changed_and_removed(acme_cli: Cli) -> None:
    assert acme_cli("scope", "create", "-t", "acme", *ORDERS).code == 0
    shown = acme_cli("scope", "show", "-t", "acme", "orders:read", "-o", "json").data
    assert shown["translations"] == {"de": "Bestellungen sehen"}
    more = ("--sensitive", "--translation", "fr=Voir vos commandes|Toutes", "--translation", "de=")
    assert acme_cli("scope", "update", "-t", "acme", "orders:read", *more).code == 0
    shown = acme_cli("scope", "show", "-t", "acme", "orders:read", "-o", "json").data
    assert (shown["title"], shown["sensitive"]) == ("See your orders", True)
    assert shown["translations"] == {"fr": "Voir vos commandes|Toutes"}
    assert acme_cli("scope", "delete", "-t", "acme", "orders:read", "--yes").code == 0
    assert acme_cli("scope", "list", "-t", "acme", "-o", "json").data == []
    for words in (("show",), ("update", "--title", "X"), ("delete", "--yes")):
        name, *rest = words
        assert acme_cli("scope", name, "-t", "acme", "orders:read", *rest).code == 3


def test_a_scope_is_described_once_and_kept_while_a_client_has_it(acme_cli: Cli) -> None:
    acme_cli("scope", "create", "-t", "acme", *ORDERS)
    assert acme_cli("scope", "create", "-t", "acme", *ORDERS).code == 5
    machine = ("--name", "M", "--grant", "client_credentials", "--scope", "orders:read")
    acme_cli("client", "create", "-t", "acme", *machine)
    ended = acme_cli("scope", "delete", "-t", "acme", "orders:read", "--yes")
    assert ended.code == 5
    assert ended.err == "authgate: Clients are registered for the scope.\n"
    assert len(acme_cli("scope", "list", "-t", "acme", "-o", "json").data) == 1


NO_SCOPES = (
    ("a b", "--title", "X"),
    ("a", "--title", " "),
    ("a", "--title", "x" * 121),
    ("a", "--title", "X", "--description", "x" * 501),
    ("a", "--title", "X", "--translation", "de"),
    ("a", "--title", "X", "--translation", "de="),
    ("a", "--title", "X", "--translation", "<b>=X"),
)


def test_words_that_make_no_scope_are_refused(lite_cli: Cli) -> None:
    for words in NO_SCOPES:
        assert lite_cli("scope", "create", "-t", "acme", *words).code == 2, words
    assert lite_cli("scope", "list", "-t", "acme", "-o", "json").data == []
