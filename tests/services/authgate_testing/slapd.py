"""A directory for the run: OpenLDAP with a few people in it, in TLS alone."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

from authgate_testing.processes import (
    LOOPBACK,
    Service,
    free_port,
    kept_up,
    service_folder,
    takes_connections,
)
from authgate_testing.programs import find

BASE = "dc=acme,dc=example"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
SEARCH_ACCOUNT = f"cn=search,{BASE}"
SEARCH_PASSWORD = "looks-for-people"
PASSWORD = "kept-in-the-directory"
"""Of everybody."""
ODD = 'O\'Hara, "Pat" #1+=<x>;\\'
"""What somebody is called, to be escaped."""
_MANY = 501
"""Groups: more than the server tells at once."""
_SCHEMAS = ("/etc/ldap/schema", "/etc/openldap/schema", "/opt/homebrew/etc/openldap/schema")
_MODULES = ("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap")
"""Where they are: Debian first, as the programs are from there."""


@dataclass(frozen=True, slots=True)
class Slapd:
    """A running server."""

    port: int
    """In TLS from the beginning."""
    plain_port: int
    """Where TLS begins later."""
    service: Service

    def change(self, dn: str, attribute: str, value: str) -> None:
        """Have an attribute be another one."""
        said = f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        program = find("ldapmodify", package="ldap-utils")
        uri = f"ldaps://localhost:{self.port}"
        words = [str(program), "-x", "-H", uri, "-D", f"cn=root,{BASE}", "-w", PASSWORD]
        subprocess.run(
            words,
            input=said,
            text=True,
            check=True,
            capture_output=True,
            env={"LDAPTLS_REQCERT": "never"},
        )


@contextmanager
def slapd_running(certificate: tuple[Path, Path]) -> Iterator[Slapd]:
    """Run a server that keeps its data for as long as the block lasts."""
    program = find("slapd", package="slapd")

    @cache
    def plain_port(beside: int) -> int:
        """Another one for each that is tried, and the same one when it is started again."""
        del beside
        return free_port()

    with service_folder("slapd") as folder:
        settings = _settings(folder, certificate)
        people = folder / "people.ldif"
        people.write_text("\n\n".join(_entries()) + "\n")
        adding: list[str | Path] = [
            find("slapadd", package="slapd"),
            "-q",
            "-f",
            settings,
            "-l",
            people,
        ]
        subprocess.run(adding, check=True, capture_output=True)
        service = Service(
            lambda port: [
                program,
                *("-f", settings, "-d", "0"),
                *("-h", f"ldaps://{LOOPBACK}:{port} ldap://{LOOPBACK}:{plain_port(port)}"),
            ],
            answers=takes_connections,
            log=folder / "slapd.log",
        )
        with kept_up(service, stop_signal=signal.SIGTERM):
            yield Slapd(service.port, plain_port(service.port), service)


def _settings(folder: Path, certificate: tuple[Path, Path]) -> Path:
    chain, key = certificate
    data = folder / "data"
    data.mkdir()
    settings = folder / "slapd.conf"
    [schemas, *_] = [each for each in _SCHEMAS if Path(each, "core.schema").is_file()]
    settings.write_text(
        _modules()
        + dedent(f"""\
            include {schemas}/core.schema
            include {schemas}/cosine.schema
            include {schemas}/inetorgperson.schema
            pidfile {folder}/slapd.pid
            TLSCertificateFile {chain}
            TLSCertificateKeyFile {key}
            security simple_bind=112
            access to attrs=userPassword by anonymous auth by * none
            access to * by * read
            database mdb
            maxsize 16777216
            suffix "{BASE}"
            rootdn "cn=root,{BASE}"
            rootpw {PASSWORD}
            directory {data}
            dbnosync
            index member eq
            """)
    )
    return settings


def _modules() -> str:
    """What loads the database, where the server does not have it in itself."""
    for folder in _MODULES:
        if any(Path(folder).glob("back_mdb*")):
            return f"modulepath {folder}\nmoduleload back_mdb\n"
    return ""


def _entries() -> Iterator[str]:
    yield f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Acme\ndc: acme"
    for each in ("people", "groups", "crowd"):
        yield f"dn: ou={each},{BASE}\nobjectClass: organizationalUnit\nou: {each}"
    yield (
        f"dn: {SEARCH_ACCOUNT}\nobjectClass: organizationalRole\n"
        f"objectClass: simpleSecurityObject\ncn: search\nuserPassword: {SEARCH_PASSWORD}"
    )
    yield _person("pat", "Pat Example", "pat@acme.example")
    yield _person("sam", "Sam One", "shared@acme.example")
    yield _person("kim", "Kim Two", "shared@acme.example")
    yield _person("gone", "Gone Away", "gone@acme.example").replace(PASSWORD, "{SSHA}!")
    escaped = "".join(f"\\{each}" if each in '"+,;<>\\=' else each for each in ODD)
    yield _person("odd", ODD, "odd@acme.example").replace("uid=odd,", f"cn={escaped},", 1)
    yield (
        f"dn: ou=elsewhere,{PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\n"
        "ou: elsewhere\nref: ldap://evil.example/ou=people,dc=evil"
    )
    yield _group("staff", GROUPS, f"uid=pat,{PEOPLE}")
    yield _group("all", GROUPS, f"cn=staff,{GROUPS}")
    yield _group("loop", GROUPS, f"cn=all,{GROUPS}", f"cn=loop,{GROUPS}")
    for number in range(_MANY):
        yield _group(f"g{number}", f"ou=crowd,{BASE}", f"uid=sam,{PEOPLE}")


def _person(uid: str, name: str, mail: str) -> str:
    return (
        f"dn: uid={uid},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {name}\n"
        f"sn: {name}\nmail: {mail}\nuserPassword: {PASSWORD}"
    )


def _group(name: str, base: str, *members: str) -> str:
    listed = "\n".join(f"member: {each}" for each in members)
    return f"dn: cn={name},{base}\nobjectClass: groupOfNames\ncn: {name}\n{listed}"
