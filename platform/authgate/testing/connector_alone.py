"""A connector by itself: asked as the server asks it, for two tenants, without a network."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import parse_qsl, urlsplit

import pytest

from authgate.plugin_api import (
    ConfigField,
    ConnectorConfigError,
    ConnectorError,
    ExternalIdentity,
    HttpFailure,
    SignInRefused,
    config_fields,
)
from authgate.pretend.host import Answer, Asked, Site
from authgate.testing.connector_subject import (
    ConnectorBench,
    ConnectorSubject,
    bench,
    new_attempt,
)
from authgate.testing.declared_settings import DeclaredSettings
from authgate.testing.own_loop import done
from authgate.testing.secrecy import leaked, listening, told

_EXPECTED = (ConnectorError, ConnectorConfigError, HttpFailure)
NONSENSE = (
    Answer(status=503, body=b"<html>Down for maintenance</html>"),
    Answer(body=b""),
    Answer(body=b"<html>"),
    Answer(body=b"[]"),
    Answer(body=b'"text"'),
    Answer(body=b"{}"),
    Answer(body=b"null"),
    Answer(body=b'{"access_token": null, "sub": null, "id": null}'),
    Answer(body=b'{"access_token": true, "sub": true, "id": true}'),
    Answer(body=b'{"access_token": [7], "sub": [7], "id": [7]}'),
    Answer(body=b'{"access_token": "", "sub": "", "id": ""}'),
    Answer(body=b"[" * 100_000),
)
_BEARERS = ("access_token", "refresh_token", "id_token")


class ConnectorAlone(DeclaredSettings, ConnectorSubject):
    """What holds of every connector."""

    def test_its_settings_show_no_secret(self) -> None:
        settings = self._working()
        config = self._made(settings)
        assert not leaked(self.secrets_in(settings), f"{config!r} {config}")

    def test_whoever_moves_where_secrets_are_sent_enters_them_anew(self) -> None:
        """``Setting(…, place=True)``, for each setting that leads to another host: who may change a
        connection must not have its secret sent to themselves."""
        if not any(each.secret for each in self._fields()):
            return
        for each in self._fields():
            if not each.secret and not each.place:
                with bench(self) as at:
                    hosts = done(at.asked_with(each.name))
                    other = at.globex.provider.host
                assert other not in hosts, f"{each.name} says where secrets go: place=True"

    def test_the_browser_carries_state_callback_and_challenge_over_https(self) -> None:
        attempt = new_attempt()
        with bench(self) as at:
            parts = urlsplit(done(at.begin(at.acme, attempt)))
            assert (parts.scheme, parts.netloc) == ("https", at.acme.provider.host)
        query = dict(parse_qsl(parts.query))
        named = self.connector.form_state
        if named:  # another protocol than OAuth: the rest is said by other names
            assert query.get(named) == attempt.state
            return
        expected = {
            "state": attempt.state,
            "redirect_uri": attempt.redirect_uri,
            "code_challenge": attempt.code_challenge,
            "code_challenge_method": "S256",
        }
        assert {name: query.get(name) for name in expected} == expected

    def test_the_browser_carries_no_secret(self) -> None:
        attempt = new_attempt()
        with bench(self) as at:
            url = done(at.begin(at.acme, attempt))
            assert not leaked([*at.acme.secrets, attempt.code_verifier], url)

    def test_who_agreed_is_identified(self) -> None:
        with bench(self) as at:
            identity = done(at.identified(at.acme))
        assert identity.issuer.startswith("https://")
        assert identity.subject

    def test_who_is_called_otherwise_is_the_same_person(self) -> None:
        with bench(self) as at:
            before = done(at.identified(at.acme))
            at.acme.provider.rename("renamed", "renamed@people.example", verified=True)
            after = done(at.identified(at.acme))
        assert _person(before) == _person(after)

    def test_an_address_that_the_provider_has_not_checked_is_not_verified(self) -> None:
        with bench(self) as at:
            at.acme.provider.rename("pat", "mallory@people.example", verified=False)
            identity = done(at.identified(at.acme))
        assert identity.email_verified is False

    def test_a_code_that_nobody_was_given_is_refused(self) -> None:
        attempt = new_attempt()
        with bench(self) as at:
            answer = done(at.never_given(at.acme, attempt))
            with pytest.raises(SignInRefused):
                done(at.made(at.acme).identify(attempt, answer))

    def test_a_code_that_another_attempt_asked_for_is_refused(self) -> None:
        with bench(self) as at:
            answer = done(at.approved(at.acme, new_attempt()))
            with pytest.raises(SignInRefused):
                done(at.made(at.acme).identify(new_attempt(), answer))

    def test_an_answer_of_another_issuer_is_refused_and_its_code_goes_nowhere(self) -> None:
        """RFC 9207 section 2.4: another provider must not be answered for."""
        attempt = new_attempt()
        with bench(self) as at:
            answer = done(at.of_another(attempt))
            with pytest.raises(SignInRefused):
                done(at.made(at.acme).identify(attempt, answer))
            sent = str(at.http.asked)
            told = at.told_in(answer)
            assert not leaked([*at.acme.secrets, *told, attempt.code_verifier], sent)

    def test_nothing_is_kept_between_the_two_halves(self) -> None:
        first, second = new_attempt(), new_attempt()
        with bench(self) as at:
            answers = [done(at.approved(at.acme, each)) for each in (first, second)]
            for attempt, answer in zip((first, second), answers, strict=True):
                assert done(at.finish(at.acme, attempt, answer)).subject

    def test_two_tenants_at_once_do_not_mix(self) -> None:
        with bench(self) as at:
            acme, globex = done(_both(at))
            assert acme.issuer != globex.issuer, "who is meant depends on the provider"
            for side, other in ((at.acme, at.globex), (at.globex, at.acme)):
                asked = [str(each) for host, each in at.http.asked if host == side.provider.host]
                assert asked
                assert not leaked(other.secrets, " ".join(asked))

    def test_its_secrets_travel_in_no_address(self) -> None:
        with bench(self) as at:
            done(at.identified(at.acme))
            paths = " ".join(each.path for _, each in at.http.asked)
            assert not leaked(at.acme.secrets + _bearers(at), paths)

    def test_nonsense_for_an_answer_makes_nobody_of_somebody(self) -> None:
        """Whichever of its requests is answered so: with ``ProviderUnavailable``,
        ``SignInRefused`` or the ``HttpFailure`` of the client, or without what was asked for."""
        with bench(self) as at:
            true = done(at.identified(at.acme))
        for answer in NONSENSE:
            number = 0
            while self._survives(answer, number, true):
                number += 1
            assert number, "it asks nothing of the provider"

    def test_no_error_and_no_log_tells_a_secret(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Not even where the provider says all that it was asked in its answer."""
        number, came_to_it = 0, True
        while came_to_it:
            attempt = new_attempt()
            with bench(self) as at, listening() as lines:
                code = done(at.approved(at.acme, attempt))
                faulty = _Faulty(at.acme.provider, number, echo)
                at.http.serve(at.acme.provider.host, faulty)
                try:
                    said = str(done(at.made(at.acme).identify(attempt, code)))
                except _EXPECTED as error:
                    said = told(error)
                told_in = at.told_in(code)
                secrets = [*at.acme.secrets, attempt.code_verifier, *told_in, *_bearers(at)]
            printed = capsys.readouterr()
            heard = "\n".join([said, *lines, printed.out, printed.err])
            assert not leaked(secrets, heard), heard.splitlines()[0][:40]
            number, came_to_it = number + 1, faulty.came_to_it

    def _fields(self) -> tuple[ConfigField, ...]:
        return config_fields(self.connector.config_type)

    def _working(self) -> dict[str, object]:
        return self.settings(self.provider("acme.provider.example"))

    def _made(self, settings: Mapping[str, object]) -> object:
        return self.connector.parse_config(settings)

    def _survives(self, answer: Answer, number: int, true: ExternalIdentity) -> bool:
        """Whether there was a request of this number, to be answered so."""
        attempt = new_attempt()
        with bench(self) as at:
            code = done(at.approved(at.acme, attempt))
            faulty = _Faulty(at.acme.provider, number, lambda _: answer)
            at.http.serve(at.acme.provider.host, faulty)
            try:
                identity = done(at.made(at.acme).identify(attempt, code))
            except _EXPECTED:
                return faulty.came_to_it
            except Exception as error:  # noqa: BLE001  # whatever it is
                pytest.fail(f"{type(error).__name__}: raise ProviderUnavailable instead")
            assert _person(identity) == _person(true)
            assert not identity.email_verified or identity.email == true.email
        return faulty.came_to_it


def _person(identity: ExternalIdentity) -> tuple[str, str]:
    return identity.issuer, identity.subject


async def _both(at: ConnectorBench) -> tuple[ExternalIdentity, ExternalIdentity]:
    return await asyncio.gather(at.identified(at.acme), at.identified(at.globex))


class _Faulty:
    """A provider whose answer of one number, from 0 on, is another one."""

    def __init__(self, provider: Site, number: int, otherwise: Site) -> None:
        self._provider = provider
        self._left = number
        self._otherwise = otherwise

    @property
    def came_to_it(self) -> bool:
        """Whether there was a request of that number."""
        return self._left < 0

    def __call__(self, asked: Asked) -> Answer:
        self._left -= 1
        return self._otherwise(asked) if self._left == -1 else self._provider(asked)


def echo(asked: Asked) -> Answer:
    """A refusal that says all that it was asked."""
    said = json.dumps(asdict(asked), default=repr)
    body = json.dumps({"error": "invalid_grant", "error_description": said, "message": said})
    return Answer(status=400, body=body.encode())


def _bearers(at: ConnectorBench) -> list[str]:
    """What the provider has handed out."""
    found: list[str] = []
    for body in at.http.answered:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            found += [str(said[name]) for name in _BEARERS if isinstance(said.get(name), str)]
    return found
