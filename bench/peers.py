"""Other people's servers, set up to do the same work as AuthGate."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import django_peer, oidc_provider
from bench.machine import Cores
from bench.postgres import Cluster
from bench.rivals import Rival

PEER = oidc_provider.PEER
"""Against whom ratios are."""


def install() -> None:
    """Bring the locked versions in, once."""
    oidc_provider.install()
    django_peer.install()


def versions() -> dict[str, str]:
    """What is being compared with."""
    return oidc_provider.versions() | django_peer.versions()


@contextmanager
def peers(directory: Path, cores: Cores, cluster: Cluster) -> Iterator[list[Rival]]:
    """All of them, running."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(oidc_provider.oidc_provider(directory, cores)),
            stack.enter_context(django_peer.django_oauth_toolkit(directory, cores, cluster)),
        ]
