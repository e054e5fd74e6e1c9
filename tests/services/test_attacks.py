"""The run says how much of the attack catalogue it has covered."""

from authgate_testing import attacks


def test_a_row_with_several_tests_counts_once() -> None:
    rows = attacks.rows_of(
        [
            "tests/a.py::test_dv_01_guessing_is_slow[sqlite]",
            "tests/a.py::test_dv_01_guessing_is_slow[postgres]",
            "tests/b.py::test_dv_02_from_everywhere",
            "tests/b.py::test_in_time_nothing_is_lost",
        ]
    )
    assert rows == {"DV": {1, 2}}


def test_a_test_may_be_about_several_rows() -> None:
    rows = attacks.rows_of(
        [
            "tests/a.py::test_mx_03_ca_13_an_assertion_is_for_this_issuer",
            "tests/a.py::test_un_07_15_numbers_and_ids[sqlite-ht_01_odd]",
            "tests/b.py::test_ti_17_of_10_000_jobs_in_turn",
        ]
    )
    assert rows == {"MX": {3}, "CA": {13}, "UN": {7, 15}, "HT": {1}, "TI": {17}}


def test_groups_without_a_row_are_named() -> None:
    [ran, waiting] = attacks.summary({"DV": {1, 2}})
    assert ran == "2 of 364 rows ran: device flow 2/15"
    assert "PKCE (10)" in waiting
    assert "device flow" not in waiting
