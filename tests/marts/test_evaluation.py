"""The evaluation of the programme against numbers worked out by hand, and the plans of a year.

Indicators of 2025: up 40 → 44, up 60 → 54, up 600 → 666, down 10 → 12; four of five events held; of
930.5 thousand roubles 837.45 spent.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from municipal_indicators.errors import PassportError
from municipal_indicators.reference.effectiveness import chosen_methods
from municipal_indicators.reference.passport import Evaluation
from tests.marts.given import Given
from tests.marts.judged_year import CODES, NAMES, fill_year, spend


@pytest.fixture
def year(given: Given) -> Given:
    fill_year(given)
    return given


def _judged(given: Given, columns: str = "value, verdict") -> dict[str, tuple[Any, ...]]:
    given.build("programme_effectiveness_yearly")
    return {
        row[0]: row[1:]
        for row in given.select(
            f"SELECT method, {columns} FROM marts.programme_effectiveness_yearly WHERE year = 2025"
        )
    }


def test_each_method_gives_its_vector(year: Given) -> None:
    judged = _judged(year)
    expected = {
        "F": (0.829630, "средняя"),
        "F-no-cap": (0.876296, "средняя"),
        "F-0.5": (0.881481, "средняя"),
        "TULA": (0.876296, ""),
        "MEAN": (98.583333, ""),
        "SAM": (98.583333, ""),
        "PERM": (0.933333, ""),
        "N90": (50.0, "низкая"),
        "E-money": (1.095370, ""),
        "DRk": (0.84, ""),
        "DRk-no-cap": (0.88725, ""),
        "QSC": (1.0, ""),
    }
    assert {method: (round(value, 6), verdict) for method, (value, verdict) in judged.items()} == (
        expected
    )


def test_the_parts_and_the_spread_are_shown(year: Given) -> None:
    judged = _judged(
        year, "is_default, attainment, events_share, spending_share, efficiency, version, note"
    )
    is_default, *parts, version, note = judged["F"]
    assert is_default
    assert [round(part, 6) for part in parts] == [0.933333, 0.8, 0.9, 0.888889]
    assert "582" in version
    assert note == "по всем способам: низкая — N90; средняя — F, F-0.5, F-no-cap"
    assert judged["N90"][0] is False
    assert judged["N90"][-1] == ""
    assert judged["MEAN"][-1] == "шкалы словами акт не даёт"


def test_under_spending_is_seen_in_the_parts(year: Given) -> None:
    year.table(
        "registers",
        "core.event_rows",
        [{"held_on": date(2025, 12, 1), "title": NAMES[4]}],
        "events",
    )
    spend(year, "744400")
    assert _judged(year, "events_share, spending_share, efficiency")["F"] == (1.0, 0.8, 1.25)


def test_without_planned_events_there_is_no_value_but_a_reason(year: Given) -> None:
    year.change_passport(lambda content: content["editions"][0].pop("events"))
    value, verdict, note = _judged(year, "value, verdict, note")["F"]
    assert (value, verdict) == (None, "")
    assert note.startswith("паспорт не называет мероприятий этого года: СРм и Эис не определены")
    assert _judged(year)["N90"] == (50.0, "низкая")


@pytest.mark.parametrize(
    ("code", "changed", "rate"),
    [
        # What stays are 0.9, 1 and 0.833333, with a cap of 1.
        pytest.param("departments_equipped_share", {2025: 0}, 1.0, id="plan-0"),
        pytest.param("departments_equipped_share", {}, None, id="no-plan"),
        pytest.param("departments_equipped_share", {2025: 88}, 0.5, id="half"),
    ],
)
def test_edges_of_one_indicator(
    year: Given, code: str, changed: dict[int, float], rate: float | None
) -> None:
    year.change_targets(code, changed)
    attainment, note = _judged(year, "attainment, note")["F"]
    rates = [0.9, 1.0, 10 / 12, *([] if rate is None else [rate])]
    assert attainment == pytest.approx(sum(rates) / len(rates))
    name = "Доля структурных подразделений, оснащённых средствами ИКТ"
    assert (f"без планового значения за год: {name}" in note) == (rate is None)


def test_a_missing_plan_may_lie_on_the_line_to_the_goal(year: Given) -> None:
    year.change_targets("departments_equipped_share", {2027: 100})
    year.change_indicator("departments_equipped_share", base={"value": 10, "year": 2022})
    year.change_passport(
        lambda content: content.update(
            effectiveness={"method": "F", "missing_plan": "linear_path", "cap": "none"}
        )
    )
    # 10 + 90 × 3/5 = 64: 44 of it.
    attainment, note = _judged(year, "attainment, note")["F"]
    assert attainment == pytest.approx((44 / 64 + 0.9 + 1.11 + 10 / 12) / 4)
    assert "план по прямой к цели: Доля структурных подразделений" in note


def test_weights_count_where_all_have_one(year: Given) -> None:
    for code, weight in zip(CODES, (3, 1, 1, 1), strict=True):
        year.change_indicator(code, weight=weight)
    assert _judged(year, "attainment")["F"] == (pytest.approx((3 + 0.9 + 1 + 10 / 12) / 6),)
    year.change_indicator("smev_requests", weight=None)
    attainment, note = _judged(year, "attainment, note")["F"]
    assert attainment == pytest.approx((1 + 0.9 + 1 + 10 / 12) / 4)
    assert "вес указан не у всех показателей: среднее без весов" in note


def test_a_missing_fact_is_left_out_or_zero(year: Given) -> None:
    def add_events(content: dict[str, Any]) -> None:
        content["indicators"].append(
            {"code": "eservices_share", "name": "Доля электронных услуг", "unit": "%"}
        )
        content["editions"][0]["targets"]["eservices_share"] = {2025: 50}

    year.change_passport(add_events)
    attainment, note = _judged(year, "attainment, note")["F"]
    assert attainment == pytest.approx(2.8 / 3)
    assert "факта нет: Доля электронных услуг" in note
    year.change_passport(lambda content: content.update(effectiveness={"missing_fact": "zero"}))
    assert _judged(year, "attainment")["F"] == (pytest.approx(2.8 / 3 * 4 / 5),)


def test_money_of_the_budget_only(year: Given) -> None:
    def split(content: dict[str, Any]) -> None:
        content["editions"][0]["funding_sources_thousand_roubles"] = {
            2025: {"municipal": Decimal("830.5"), "extrabudgetary": 100}
        }
        content["effectiveness"] = {"money": "budget"}

    year.change_passport(split)
    spend(year, "664400", "Местный бюджет")
    spend(year, "100000", "Внебюджетные средства")
    judged = _judged(year, "spending_share")
    assert judged["F"] == (0.8,)
    assert judged["QSC"] == (pytest.approx(764.4 / 930.5),)


def test_the_thresholds_of_the_local_order(year: Given) -> None:
    year.change_passport(
        lambda content: content.update(
            effectiveness={"version": "Порядок № 5", "thresholds": [0.8, 0.6, 0.4]}
        )
    )
    assert _judged(year, "verdict, version")["F"] == ("высокая", "Порядок № 5")


@pytest.mark.parametrize(
    ("given_words", "said"),
    [
        ({"method": "G"}, r"effectiveness\.method: 'G' нет в .*; есть F, F-no-cap"),
        ({"thresholds": [0.5, 0.6, 0.7]}, r"нужно чисел по убыванию: 3, .* высокая, средняя"),
        (
            {"method": "MEAN", "thresholds": [1]},
            r"нужно чисел по убыванию: 0, .* у этого способа их нет",
        ),
    ],
)
def test_a_wrong_choice_is_refused(given_words: dict[str, Any], said: str) -> None:
    with pytest.raises(PassportError, match=said):
        chosen_methods(Evaluation.model_validate(given_words))


def test_a_target_lowered_late_shows_act_day_and_both_verdicts(year: Given) -> None:
    def lower(content: dict[str, Any]) -> None:
        first = content["editions"][0]
        content["editions"].append(
            {
                **first,
                "date": date(2025, 12, 1),
                "document": {"kind": "Постановление", "number": "99", "date": date(2025, 11, 28)},
                "targets": {**first["targets"], "edms_workplaces_share": {2025: 50}},
                "funding_thousand_roubles": {2025: 900},
            }
        )

    year.change_passport(lower)
    year.build("programme_plans_yearly", now=datetime(2025, 11, 30, 9, tzinfo=UTC))
    sql = (
        "SELECT plan_january, plan_december, plan_now, fact, is_over, toString(changed_on), changed_by, "
        "round(year_share, 3), is_eased, verdict_january, verdict_december "
        "FROM marts.programme_plans_yearly WHERE year = 2025 AND subject = '{}'"
    )
    act = "Постановление № 99 от 28.11.2025"
    assert year.select(sql.format("edms_workplaces_share")) == [
        (60.0, 50.0, 60.0, None, False, "2025-12-01", act, 0.915, True, "no_data", "no_data")
    ]
    year.build("programme_plans_yearly")
    assert year.select(sql.format("edms_workplaces_share")) == [
        (60.0, 50.0, 50.0, 54.0, True, "2025-12-01", act, 0.915, True, "not_achieved", "achieved")
    ]
    assert year.select(sql.format("secured_workplaces_share")) == [
        (10.0, 10.0, 10.0, 12.0, True, None, "", None, False, "not_achieved", "not_achieved")
    ]
    money = (930500.0, 900000.0, 900000.0, 837450.0, True, "2025-12-01", act, 0.915, False)
    assert year.select(sql.format("funding")) == [(*money, "not_achieved", "not_achieved")]
