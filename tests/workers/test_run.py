"""``authgate worker`` and ``authgate beat`` say what they lack before they start."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from authgate.diagnosis.production import UnfitForProduction
from authgate.jobs.celery_settings import NoBroker
from authgate.settings import KeySettings, Settings
from authgate_tenants.key_encryption import create_kek_file
from authgate_workers.run import run_beat, run_worker

programs = pytest.mark.parametrize("run", [run_worker, run_beat])


@programs
def test_without_a_broker_nothing_is_started(run: Callable[[Settings], int]) -> None:
    with pytest.raises(NoBroker, match="AUTHGATE_REDIS_URL"):
        run(Settings())


@programs
def test_nothing_that_production_refuses_is_started(
    run: Callable[[Settings], int], tmp_path: Path
) -> None:
    kek = tmp_path / "kek"
    create_kek_file(kek)
    settings = Settings(
        profile="prod",
        base_url="https://id.example",
        redis_url=SecretStr("redis://:changeme@127.0.0.1/0"),
        keys=KeySettings(kek_file=kek),
    )
    with pytest.raises(UnfitForProduction, match="placeholder-secret: the password in redis_url"):
        run(settings)


@programs
def test_without_a_key_nothing_is_started(run: Callable[[Settings], int], tmp_path: Path) -> None:
    settings = Settings(
        profile="prod",
        base_url="https://id.example",
        redis_url=SecretStr("redis://127.0.0.1/0"),
        keys=KeySettings(kek_file=tmp_path / "missing"),
    )
    with pytest.raises(UnfitForProduction, match="kek-missing"):
        run(settings)
