"""The passport: what it accepts, and that each refusal names file, line, place and what is allowed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import PassportError
from municipal_indicators.reference.passport import Base, load_passport

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
            r":19: indicators\[1\]\.code: 'eservice_share' — допустимы 'site_vis",
        ),
        (
            "settling_days:",
            "setling_days:",
            r":7: setling_days: незнакомый ключ; допустимы programme, first_year",
        ),
        (
            "answer_hours: 48",
            "answer_hours: 0",
            r":13: smev\.answer_hours: '0' — нужно не меньше 1",
        ),
        (
            "settling_days: 3",
            "watch_hour: 24",
            r":7: watch_hour: '24' — нужно не больше 23",
        ),
        (
            "Europe/Moscow",
            "Europe/Mtsensk",
            r":6: time_zone: 'Europe/Mtsensk' — не часовой пояс IANA",
        ),
        (
            "last_year: 2027",
            "last_year: 2022",
            r":5: last_year: last_year 2022 раньше, чем first_year 2023",
        ),
        (
            "{2027: 25}\n    funding",
            "{2031: 25}\n    funding",
            r":49: editions\[0\]\.targets\.ict_events\.2031: .* называет год 2031; допустимы 2023…2027",
        ),
        (
            "date: 2025-01-01",
            "date: 2023-01-01",
            r":51: editions\[1\]\.date: date 2023-01-01 дано дважды",
        ),
        ("    baseline_year: 2022\n", "", r"site_visitors_growth нужен baseline_year"),
        ("accumulate: programme", "count: msu_list", r"count бывает только у eservices_share"),
        (
            "code: eservices_share",
            "code: eservices_share\n    count: applicants",
            r":20: indicators\[1\]\.count: 'applicants' .* 'catalogue', 'msu_list' или 'applications'",
        ),
        (
            "first_year: 2023",
            "first_year: 2023\nfirst_year: 2023",
            r":5: first_year: ключ дан дважды, первый раз в строке 4",
        ),
        ("programme: Раз", "programme: [Раз", r"это не YAML"),
        (
            "ict_events: {2027: 25}",
            "ict_parties: {2027: 25}",
            r"editions\[0\]\.targets\.ict_parties: 'ict_parties' — допустимы",
        ),
        (
            "contour: production",
            "contour: prod",
            r"smev\.contour: 'prod' — допустимы 'production' или 'test'",
        ),
        (
            "answer_hours: 48",
            "count: everything",
            r"smev\.count: 'everything' — допустимы 'requests', .* или 'answers_received'",
        ),
        (
            'unit: "%"\n    baseline_year',
            'unit: "%"\n    relation: at_most\n    baseline_year',
            r":18: indicators\[0\]\.relation: at_most противоречит direction up: at_least бывает при up",
        ),
        (
            'unit: "%"\n    baseline_year',
            'unit: "%"\n    base: {worth: 1, year: 2022}\n    baseline_year',
            r":18: indicators\[0\]\.base\.worth: незнакомый ключ; допустимы value, year",
        ),
        (
            "document: Постановление об утверждении муниципальной программы",
            "document: {kind: Постановление, numer: 7}",
            r":41: editions\[0\]\.document\.numer: незнакомый ключ; допустимы kind, number, date",
        ),
        (
            "    funding_thousand_roubles: {2023: 780.0",
            "    funding_sources_thousand_roubles: {2023: {municipal: 700, regional: 70}}\n"
            "    funding_thousand_roubles: {2023: 780.0",
            r"funding_sources_thousand_roubles\.2023: сумма источников 770, а в .* стоит 780\.0",
        ),
        (
            "    funding_thousand_roubles: {2023: 780.0",
            "    events: [{code: 1, name: Обучение, due: 2029-05-01}]\n"
            "    funding_thousand_roubles: {2023: 780.0",
            r":50: editions\[0\]\.events\[0\]\.due: 2029-05-01 вне лет программы 2023…2027",
        ),
        (
            "settling_days: 3",
            "reporting: {year_day: 31-03}",
            r":7: reporting\.year_day: '31-03' — нужен текст вида",
        ),
        (
            "settling_days: 3",
            "effectiveness: {methode: F}",
            r":7: effectiveness\.methode: незнакомый ключ; допустимы method, version, cap",
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


def test_what_acts_say_is_read(tmp_path: Path) -> None:
    path = tmp_path / "programme.yaml"
    said = """    base: {value: 0, year: 2022}
    okei: 744
    weight: 0.2
    cumulative: no
    relation: at_least
    responsible: Отдел информатизации
    baseline_year"""
    act = """document: {kind: Постановление, number: 12, date: 2022-12-20}
    funding_sources_thousand_roubles: {2022: {}, 2024: {municipal: 800.5, regional: 12}}
    events: [{code: "1.1", name: Обучение, due: 2024-05-01}]"""
    text = OWN.replace("    baseline_year", said, 1).replace("first_year: 2023", "first_year: 2022")
    text = text.replace("document: Постановление об утверждении муниципальной программы", act, 1)
    path.write_text(text.replace(", 2024: 812.5", "", 1), encoding="utf-8")
    passport = load_passport(path)
    growth, edition = passport.indicators[0], passport.editions[0]
    assert growth.base == Base(value=0, year=2022)
    assert (growth.okei, growth.weight, growth.cumulative) == ("744", 0.2, False)
    assert edition.document.title == "Постановление № 12 от 20.12.2022"
    assert edition.funding[2024] == Decimal("812.5")
    assert edition.funding[2023] == Decimal("780.0")
    assert passport.reporting.deviation_needs_reason_percent == 5
    assert passport.effectiveness.method == "F"


def test_missing_passport_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(PassportError, match="programme_passport"):
        load_passport(tmp_path / "none.yaml")
