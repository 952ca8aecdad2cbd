"""The passport: what it accepts, and that each refusal names file, line, place and what is allowed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import PassportError
from municipal_indicators.reference.passport import load_passport

OWN = settings.passport_path().read_text(encoding="utf-8")


def test_a_passport_is_read() -> None:
    passport = load_passport()
    assert (passport.first_year, passport.last_year, passport.settling_days) == (2023, 2027, 3)
    assert len(passport.indicators) == 7
    assert passport.watch_hour == 8
    assert passport.editions[-1].funding_thousand_roubles[2026] == Decimal("930.5")
    assert {i.code: i.span for i in passport.indicators if i.span} == {
        "smev_requests": "year",
        "ict_events": "programme",
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "code: eservices_share",
            "code: eservice_share",
            r":19: indicators\[1\]\.code: 'eservice_share' cannot stand here; it must be 'site_vis",
        ),
        (
            "settling_days:",
            "setling_days:",
            r":7: setling_days: unknown key; allowed are programme, first_year",
        ),
        (
            "answer_hours: 48",
            "answer_hours: 0",
            r":13: smev\.answer_hours: '0' cannot stand here; it must be greater than or equal to 1",
        ),
        (
            "settling_days: 3",
            "watch_hour: 24",
            r":7: watch_hour: '24' cannot stand here; it must be less than or equal to 23",
        ),
        (
            "Europe/Moscow",
            "Europe/Mtsensk",
            r":6: time_zone: 'Europe/Mtsensk' is not an IANA time zone",
        ),
        (
            "last_year: 2027",
            "last_year: 2022",
            r":5: last_year: last_year 2022 is before first_year 2023",
        ),
        (
            "{2027: 25}\n    funding",
            "{2031: 25}\n    funding",
            r":49: editions\[0\]\.targets\.ict_events\.2031: .* names the year 2031; allowed are 2023…2027",
        ),
        (
            "date: 2025-01-01",
            "date: 2023-01-01",
            r":51: editions\[1\]\.date: date 2023-01-01 is given twice",
        ),
        ("    baseline_year: 2022\n", "", r"site_visitors_growth needs baseline_year"),
        (
            "first_year: 2023",
            "first_year: 2023\nfirst_year: 2023",
            r":5: first_year: the key is given twice, first in line 4",
        ),
        ("programme: Раз", "programme: [Раз", r"not valid YAML"),
        (
            "ict_events: {2027: 25}",
            "ict_parties: {2027: 25}",
            r"editions\[0\]\.targets\.ict_parties: 'ict_parties' cannot stand here; it must be",
        ),
        (
            "contour: production",
            "contour: prod",
            r"smev\.contour: 'prod' cannot stand here; it must be 'production' or 'test'",
        ),
        (
            "answer_hours: 48",
            "count: everything",
            r"smev\.count: 'everything' cannot stand here; it must be 'requests', .* or 'answers_received'",
        ),
    ],
)
def test_refusal_names_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in OWN
    path = tmp_path / "programme.yaml"
    path.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PassportError, match=expected) as caught:
        load_passport(path)
    assert str(path) in str(caught.value)


def test_missing_passport_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(PassportError, match="programme_passport"):
        load_passport(tmp_path / "none.yaml")
