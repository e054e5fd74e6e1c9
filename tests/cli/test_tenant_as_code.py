"""``authgate tenant plan``, ``apply``, ``pull`` and ``schema``."""

import json
import os
import stat
from pathlib import Path

import jsonschema_rs
import pytest

from authgate.cli.declaration.applying import SecretFile
from authgate_testing.command import Cli, Ended

EVERYTHING = """\
manage: [settings, clients]
name: Acme Inc
settings:
  client_registration: off
  access_token_lifetime: 900
  login_limits: {login_per_ip: 9/min burst 9}
scopes:
  - {name: "orders:read", title: see your orders, translations: {no: {title: se}, de: {title: A}}}
clients:
  - {client_id: nightly, name: Nightly, grant_types: [client_credentials], scopes: ["orders:read"]}
  - client_id: tv
    name: TV
    public: true
    grant_types: [device_code]
    metadata: {client_uri: https://tv.example}
resource_servers: [{uri: "https://api.example"}]
address_blocks: [{network: 203.0.113.9/24, reason: guesses}]
domains: [{host: login.Bücher.example}]
"""
NIGHTLY = "{client_id: nightly, name: Nightly, grant_types: [client_credentials]}"


def file(text: str, name: str = "acme.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def plan(cli: Cli, text: str, *more: str) -> Ended:
    return cli("tenant", "plan", file(text), "-t", "acme", *more)


def apply(cli: Cli, text: str, *more: str) -> Ended:
    return cli("tenant", "apply", file(text), "-t", "acme", "--yes", *more)


def acts(ended: Ended) -> list[tuple[str, str, str]]:
    told = ended.data["changes"]
    return [(each["act"], each["section"], each["name"]) for each in told]


# --- What is declared is done --------------------------------------------------------------------


def test_a_tenant_becomes_what_the_file_says_and_twice_is_once(acme_cli: Cli) -> None:
    planned = plan(acme_cli, EVERYTHING, "--exit-code")
    assert planned.code == 2, planned.err
    assert "access_token_lifetime      3600 → 900" in planned.out
    assert planned.out.endswith("6 to create, 1 to change.\n")
    applied = apply(acme_cli, EVERYTHING, "--json")
    assert applied.code == 0, applied.err
    assert list(applied.data["client_secrets"]) == ["nightly"]
    assert applied.data["domains"][0]["value"].startswith("authgate-domain=")
    for again in (plan(acme_cli, EVERYTHING, "--exit-code"), apply(acme_cli, EVERYTHING)):
        assert again.code == 0, again.out
    assert acme_cli("client", "list", "--public", "-t", "acme", "--json").data[0]["name"] == "TV"
    shown = acme_cli("tenant", "show", "acme", "--json").data
    assert (shown["name"], shown["settings"]["client_registration"]) == ("Acme Inc", "off")
    pulled = acme_cli("tenant", "pull", "pulled.yaml", "-t", "acme")
    assert pulled.code == 0, pulled.err
    assert applied.data["client_secrets"]["nightly"] not in Path("pulled.yaml").read_text()
    assert plan(acme_cli, Path("pulled.yaml").read_text(), "--exit-code").code == 0


def test_all_of_it_is_done_or_nothing(acme_cli: Cli) -> None:
    bad = "{client_id: bad, name: Bad, grant_types: [authorization_code], redirect_uris: ['a:b']}"
    ended = apply(
        acme_cli, EVERYTHING.replace("  - client_id: tv", f"  - {bad}\n  - client_id: tv")
    )
    assert ended.code == 1
    assert "acme.yaml:11: clients[1].redirect_uris: " in ended.err
    assert "0 of 8 changes are done." in ended.err
    assert ended.out == "", "a secret of nobody"
    assert acme_cli("client", "list", "-t", "acme", "--json").data == []
    assert acme_cli("scope", "list", "-t", "acme", "--json").data == []
    settings = acme_cli("tenant", "settings", "show", "-t", "acme", "--json").data
    assert (settings["name"], settings["version"]) == ("Acme", 1)
    kinds = {each["event_type"] for each in acme_cli("audit", "tail", "--json").data}
    # What this test has looked at is told as well.
    assert kinds == {"TENANT_CREATED", "TENANT_DATA_VIEWED"}


def test_nothing_stays_of_it_though_another_server_was_asked_meanwhile(lite_cli: Cli) -> None:
    away = "https://127.0.0.1:9/uris"
    text = f"""\
scopes: [{{name: a, title: one}}]
clients:
  - client_id: pair
    name: Pair
    grant_types: [authorization_code]
    redirect_uris: [https://a.example/back]
    metadata: {{subject_type: pairwise, sector_identifier_uri: "{away}"}}
"""
    ended = apply(lite_cli, text)
    assert ended.code == 1
    assert "clients[0].metadata.sector_identifier_uri: It cannot be read" in ended.err
    assert lite_cli("scope", "list", "-t", "acme", "--json").data == []


def test_a_client_is_held_to_the_settings_that_come_with_it(lite_cli: Cli) -> None:
    longer = """\
settings: {access_token_lifetime_cap: 172800}
clients:
  - client_id: nightly
    name: Nightly
    grant_types: [client_credentials]
    metadata: {access_token_lifetime: 172800}
"""
    assert apply(lite_cli, longer).code == 0
    assert plan(lite_cli, longer, "--exit-code").code == 0


def test_each_change_is_in_the_audit_log_with_before_and_after(lite_cli: Cli) -> None:
    first = f"scopes: [{{name: a, title: one}}]\nclients: [{NIGHTLY}]\n"
    assert apply(lite_cli, first).code == 0
    assert apply(lite_cli, first.replace("one", "two").replace("Nightly", "Nightly 2")).code == 0
    told = {
        each["event_type"]: each["details"] for each in lite_cli("audit", "tail", "--json").data
    }
    assert told["SCOPE_UPDATED"]["changes"] == [{"setting": "title", "was": "one", "is": "two"}]
    changes = told["CLIENT_UPDATED"]["changes"]
    assert changes == [{"setting": "name", "was": "Nightly", "is": "Nightly 2"}]


# --- What the file does not say ------------------------------------------------------------------


def test_only_what_is_managed_goes_and_only_what_administrators_made(lite_cli: Cli) -> None:
    assert apply(lite_cli, EVERYTHING).code == 0
    assert plan(lite_cli, "clients: []\nscopes: []\n", "--exit-code").code == 0
    assert plan(lite_cli, "manage: [clients, scopes]\nclients:\n", "--exit-code").code == 0
    itself = '{"metadata": {"self_registered": true}}'
    marked = lite_cli(
        "api", "patch", "/clients/tv", "-d", itself, "-H", "If-Match: *", "-t", "acme"
    )
    assert marked.code == 0, marked.err
    all_gone = "manage: [clients, scopes, users, domains]\nclients: []\nscopes: []\nusers: []\n"
    needed = plan(lite_cli, "manage: [scopes]\nscopes: []\n")
    assert (needed.code, "nightly is registered for the scope orders:read" in needed.err) == (
        5,
        True,
    )
    planned = plan(lite_cli, all_gone, "--json")
    assert acts(planned) == [("delete", "clients", "nightly"), ("delete", "scopes", "orders:read")]
    refused = lite_cli("tenant", "apply", "acme.yaml", "-t", "acme", stdin="n\n")
    assert (refused.code, "- clients nightly" in refused.err) == (1, True)
    assert lite_cli("client", "show", "nightly", "-t", "acme").code == 0
    assert apply(lite_cli, all_gone).code == 0
    left = lite_cli("client", "list", "-t", "acme", "--json").data
    assert [each["client_id"] for each in left] == ["tv"]


def test_a_thing_that_is_named_is_whole_and_settings_are_not_unless_managed(lite_cli: Cli) -> None:
    assert apply(lite_cli, EVERYTHING).code == 0
    less = """\
settings: {id_token_lifetime: 60}
scopes: [{name: "orders:read", title: see your orders}]
address_blocks: [{network: 203.0.113.0/24, reason: "again"}]
"""
    planned = plan(lite_cli, less, "--json")
    assert acts(planned) == [
        ("update", "settings", ""),
        ("update", "scopes", "orders:read"),
        ("update", "address_blocks", "203.0.113.0/24"),
    ]
    told = [[it["member"] for it in each["differences"]] for each in planned.data["changes"]]
    assert told == [["id_token_lifetime"], ["translations.de", "translations.no"], ["reason"]]
    managed = plan(lite_cli, f"manage: [settings]\n{less}", "--json").data["changes"][0]
    members = {each["member"] for each in managed["differences"]}
    assert {"access_token_lifetime", "login_limits.login_per_ip", "id_token_lifetime"} == members
    assert apply(lite_cli, f"manage: [settings]\n{less}").code == 0
    assert plan(lite_cli, f"manage: [settings]\n{less}", "--exit-code").code == 0
    begun = "settings: {id_token_lifetime: null}\n"
    assert "60 → 3600" in plan(lite_cli, begun).out


def test_a_group_is_known_in_whatever_case_and_a_directory_s_is_left_alone(lite_cli: Cli) -> None:
    assert (
        apply(lite_cli, "groups: [{display_name: Staff, roles: [a]}, {display_name: b}]").code == 0
    )
    said = '{"display_name": "Theirs", "external_id": "7"}'
    assert lite_cli("api", "post", "/groups", "-d", said, "-t", "acme").code == 0
    left = "manage: [groups]\ngroups: [{display_name: STAFF, roles: [a]}]\n"
    planned = plan(lite_cli, left, "--json")
    assert acts(planned) == [("update", "groups", "Staff"), ("delete", "groups", "b")]
    assert apply(lite_cli, left).code == 0
    assert plan(lite_cli, left, "--exit-code").code == 0
    assert "Theirs" not in lite_cli("tenant", "pull", "-t", "acme").out


def test_roles_are_given_and_taken_and_the_last_owner_stays(lite_cli: Cli) -> None:
    for name, role in (("mira", "owner"), ("jon", "auditor"), ("eve", "user")):
        made = lite_cli("user", "create", "-t", "acme", name, "--role", role)
        assert made.code == 0, made.err
    handed = "manage: [users]\nusers: [{username: Eve, role: owner}]\n"
    assert plan(lite_cli, handed).out.startswith('~ users eve\n    role  "user" → "owner"\n')
    assert apply(lite_cli, handed).code == 0
    roles = {
        each["username"]: each["role"]
        for each in lite_cli("user", "list", "-t", "acme", "--json").data
    }
    assert roles == {"mira": "user", "jon": "user", "eve": "owner"}
    ended = apply(lite_cli, "manage: [users]\nusers: []\n")
    assert (ended.code, "users eve: It is the last owner" in ended.err) == (5, True)
    ended = plan(lite_cli, "users:\n  - {username: ada, role: admin}\n")
    assert ended.code == 1
    assert "acme.yaml:2: users[0].username: There is no user ada." in ended.err


# --- Between the plan and its doing --------------------------------------------------------------


def test_a_plan_that_was_kept_is_done_as_it_was_or_not_at_all(lite_cli: Cli) -> None:
    assert apply(lite_cli, EVERYTHING).code == 0
    renamed = EVERYTHING.replace("name: Nightly", "name: By the file")
    assert plan(lite_cli, renamed, "--out", "plan.json").code == 0
    assert plan(lite_cli, renamed, "--out", "plan.json").code == 1, "a plan is never replaced"
    by_hand = ("client", "update", "nightly", "-t", "acme", "--description", "By hand")
    assert lite_cli(*by_hand).code == 0
    ended = apply(lite_cli, renamed, "--plan", "plan.json")
    assert (ended.code, "changed since plan.json was made" in ended.err) == (5, True)
    shown = lite_cli("client", "show", "nightly", "-t", "acme", "--json").data
    assert (shown["name"], shown["description"]) == ("Nightly", "By hand")
    assert plan(lite_cli, renamed, "--out", "again.json").code == 0
    assert apply(lite_cli, renamed, "--plan", "again.json").code == 0
    assert apply(lite_cli, renamed, "--plan", file("{", "broken.json")).code == 1


# --- Secrets -------------------------------------------------------------------------------------


def test_a_secret_comes_from_the_environment_and_goes_into_a_file(lite_cli: Cli) -> None:
    own = NIGHTLY.replace("}", ", client_secret: {env: NIGHTLY_SECRET}}")
    text = f"clients: [{own}, {own.replace('nightly', 'other').replace('OTHER', 'NIGHTLY')}]\n"
    text = text.replace(", client_secret: {env: NIGHTLY_SECRET}}]", "}]")
    ended = apply(lite_cli, text)
    assert ended.code == 1
    assert "clients[0].client_secret: The environment has no NIGHTLY_SECRET." in ended.err
    assert lite_cli("client", "list", "-t", "acme", "--json").data == []
    os.environ["NIGHTLY_SECRET"] = secret = "a-secret-of-more-than-32-characters-2f1b7c"
    assert secret not in plan(lite_cli, text, "--json").out
    Path("there.json").touch()
    assert apply(lite_cli, text, "--secrets", "there.json").code == 5
    ended = apply(lite_cli, text, "--secrets", "secrets.json")
    assert ended.code == 0, ended.err
    kept = Path("secrets.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(json.loads(kept.read_text())) == ["other"], "its own it knows"
    assert json.loads(kept.read_text())["other"] not in ended.out + ended.err
    assert plan(lite_cli, text, "--exit-code").code == 0
    assert apply(lite_cli, text, "--secrets", "none.json").code == 0
    assert not Path("none.json").exists()


def test_secrets_that_no_file_holds_are_shown(
    lite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("secrets.json")
    monkeypatch.setattr(SecretFile, "open", lambda _: full.symlink_to("/dev/full"))
    ended = apply(lite_cli, f"clients: [{NIGHTLY}]\n", "--secrets", full.name)
    assert (ended.code, "secrets.json: No space left on device." in ended.err) == (6, True)
    [row] = [each for each in ended.out.splitlines() if each.startswith("nightly ")]
    assert len(row.split()[1]) > 32
    assert not full.is_symlink()


def test_a_mail_server_s_password_is_sent_and_never_shown(lite_cli: Cli) -> None:
    text = """\
mail_server:
  host: SMTP.example.com
  username: acme
  password: {env: MAIL_SERVER_PASSWORD}
  sender: Acme <no-reply@acme.example>
"""
    refused = apply(lite_cli, text)
    assert "acme.yaml:4: mail_server.password: The environment has no MAIL" in refused.err
    os.environ["MAIL_SERVER_PASSWORD"] = password = "words-that-open-the-mail"
    ended = apply(lite_cli, text, "--json")
    assert ended.code == 0, ended.err
    del os.environ["MAIL_SERVER_PASSWORD"]
    assert plan(lite_cli, text, "--exit-code").code == 0
    assert lite_cli("tenant", "pull", "pulled.yaml", "-t", "acme").code == 0
    pulled = Path("pulled.yaml").read_text()
    assert plan(lite_cli, pulled, "--exit-code").code == 0
    assert password not in ended.out + ended.err + pulled
    moved = plan(lite_cli, text.replace("acme\n", "other\n")).out
    assert moved == '~ mail_server\n    username  "acme" → "other"\n1 to change.\n'
    assert apply(lite_cli, text.replace("acme\n", "other\n")).code == 1
    assert plan(lite_cli, text.replace("{env: MAIL_SERVER_PASSWORD}", password)).code == 1


# --- What cannot be ------------------------------------------------------------------------------

BAD = {
    "nothing: 1\n": "acme.yaml:1: nothing: Extra inputs are not permitted",
    "clients:\n  - client_id: a\n    colour: red\n": "acme.yaml:3: clients[0].colour: Extra",
    "clients: [{client_id: a, name: A}]\n": "acme.yaml:1: clients[0].grant_types: Field required",
    "settings:\n  access_token_lifetime: soon\n": "acme.yaml:2: settings.access_token_lifetime: ",
    "settings:\n\n  resources: [a]\n": "acme.yaml:3: settings.resources: It is said by",
    "settings: {brand_color: red}\n": "acme.yaml:1: settings.brand_color: ",
    "settings: {access_token_lifetime: 1.5}\n": "acme.yaml:1: settings.access_token_lifetime: ",
    "scopes: [{name: a, title: A}, {name: a, title: B}]\n": "scopes[1].name: a is there twice.",
    "domains: [{host: localhost}]\n": "acme.yaml:1: domains[0].host: ",
    "address_blocks: [{network: here}]\n": "acme.yaml:1: address_blocks[0].network: ",
    f"clients: [{NIGHTLY[:-1]}, client_secret: words}}]\n": "clients[0].client_secret: ",
    "name: A\nname: B\n": "acme.yaml:2: name is said twice.",
    "name: [\n": "acme.yaml:2: ",
    "name: &a A\nissuer: *a\n": "acme.yaml:1: Aliases are not read",
    f"settings: {{device_poll_interval: {'9' * 5000}}}\n": "settings.device_poll_interval: Input",
    'name: "\\ud800"\n': "acme.yaml: a number is too large, or a character is none.",
    '"\\e[31m": 1\n': "acme.yaml:1: \N{REPLACEMENT CHARACTER}[31m: Extra inputs are not permitted",
    "name: !!python/name:os.system ''\n": "acme.yaml:1: Tags such as",
    "[]\n": "acme.yaml: it has to begin with the name of a section",
    "? [a]\n: b\n": "acme.yaml:1: A name has to stand before each colon.",
    "name: \x07\n": "acme.yaml: it has characters that YAML has not.",
    "[" * 1500: "acme.yaml: it is too deep.",
    "issuer: https://auth.example/t/other\n": "acme.yaml:1: issuer: The file is for https://auth",
    "settings: {password_min_length: 200}\n": "acme.yaml:1: settings.password_min_length: ",
    "settings: {allowed_origins: [nowhere]}\n": "acme.yaml:1: settings.allowed_origins: ",
}


def test_what_no_tenant_can_be_is_refused_with_its_line(lite_cli: Cli) -> None:
    for text, said in BAD.items():
        ended = plan(lite_cli, text, "--exit-code")
        assert (ended.code, ended.out) == (1, ""), text
        assert said in ended.err.replace("authgate: ", ""), (text, ended.err)
    for name, text, said in (
        ("a.json", '{"name": 1,\n "name": 2}', "a.json: name is said twice."),
        ("b.json", '{"name":\n 1}', "b.json:1: name: Input should be a valid string"),
        ("c.json", '{"name":\n\n', "c.json:3: "),
        ("e.json", '{"settings": {"device_poll_interval": NaN}}', "e.json: NaN is no number."),
        ("f.json", '{"settings": {"device_poll_interval": 99999999999999999999}}', "f.json: a n"),
        ("d.json", '{\t"name": 1}', "d.json: name: Input should be"),
    ):
        ended = lite_cli("tenant", "plan", file(text, name), "-t", "acme")
        assert (ended.code, said in ended.err) == (1, True), (text, ended.err)
    assert lite_cli("tenant", "plan", "nowhere.yaml", "-t", "acme").code == 1
    assert lite_cli("tenant", "pull", "a.json", "-t", "acme").code == 5


def test_2_says_that_something_differs_and_nothing_else(command: Cli) -> None:
    text = file("name: Acme\n")
    for words, said in (
        ((text, "--exit-code"), "Which tenant? "),
        ((text, "--exit-codes"), "No such option"),
        ((), "Missing argument"),
    ):
        ended = command("tenant", "plan", *words)
        assert (ended.code, said in ended.err) == (1, True), (words, ended.err)
    assert command("tenant", "apply", text).code == 2, "others say by it what they always have"


def test_json_says_the_same(lite_cli: Cli) -> None:
    said = {"name": "Ac\U0001f600me", "scopes": [{"name": "a", "title": "see a"}]}
    path = file(json.dumps(said), "acme.json")
    assert lite_cli("tenant", "apply", path, "-t", "acme", "--yes").code == 0
    assert lite_cli("tenant", "show", "acme", "--json").data["name"] == said["name"]


def test_more_clients_than_the_plan_allows_are_refused_before_anything_is_done(
    lite_cli: Cli,
) -> None:
    assert lite_cli("plan", "set", "team", "clients=1").code == 0
    assert lite_cli("plan", "assign", "team", "acme").code == 0
    two = f"name: New\nclients: [{NIGHTLY}, {NIGHTLY.replace('nightly', 'second')}]\n"
    ended = plan(lite_cli, two)
    assert (ended.code, "2 clients would come and 0 go" in ended.err) == (5, True)
    assert lite_cli("tenant", "show", "acme", "--json").data["name"] == "Acme"
    one = f"manage: [clients]\nclients: [{NIGHTLY}]\n"
    assert apply(lite_cli, one).code == 0
    other = one.replace("nightly", "second")
    assert acts(plan(lite_cli, other, "--json"))[0][0] == "delete", "it makes room"
    assert apply(lite_cli, other).code == 0


# --- The schema ----------------------------------------------------------------------------------


def test_the_schema_takes_what_the_commands_take(lite_cli: Cli) -> None:
    validator = jsonschema_rs.Draft202012Validator(lite_cli("tenant", "schema").data)
    said = {"manage": ["clients"], "settings": {"brand_color": "#000000"}, "name": "A"}
    assert validator.is_valid(said)
    for bad in ('{"colour": 1}', '{"settings": {"resources": []}}', '{"clients": [{"name": "a"}]}'):
        assert not validator.is_valid(json.loads(bad)), bad
    kept = Path(__file__).parents[2] / "docs/tenant.schema.json"
    assert lite_cli("tenant", "schema").out == kept.read_text(), "run `python docs/reference.py`"


def test_the_example_of_the_page_is_applied_as_it_stands(lite_cli: Cli) -> None:
    page = Path(__file__).parents[2] / "docs/tenant-as-code.md"
    example = page.read_text().split("```yaml\n")[1].split("```")[0]
    for name, role in (("mira", "user"), ("jon", "user")):
        assert lite_cli("user", "create", "-t", "acme", name, "--role", role).code == 0
    os.environ["NIGHTLY_EXPORT_SECRET"] = "a-secret-of-more-than-32-characters-9d03c1"
    os.environ["MAIL_SERVER_PASSWORD"] = "words-that-open-the-mail"
    ended = apply(lite_cli, example)
    assert ended.code == 0, ended.err
    assert plan(lite_cli, example, "--exit-code").code == 0
