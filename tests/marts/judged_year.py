"""A year with known evaluations: its plans, facts, events and money as published loads."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.marts.given import Given

YEAR_END = date(2025, 12, 31)
# The site and the other indicators stand in no edition here.
CODES = {
    "departments_equipped_share": {2025: 40},
    "edms_workplaces_share": {2025: 60},
    "smev_requests": {2025: 600},
    "secured_workplaces_share": {2025: 10},
}
NAMES = ("Круглый стол", "Обучение СЭД", "Семинар для школ", "День открытых данных", "Вебинар")


def _vector(content: dict[str, Any]) -> None:
    content["indicators"] = [one for one in content["indicators"] if one["code"] in CODES]
    for one in content["indicators"]:
        if one["code"] == "secured_workplaces_share":
            one["direction"] = "down"
    content["editions"] = [
        {
            "date": date(2025, 1, 1),
            "document": {"kind": "Постановление", "number": "7", "date": date(2024, 12, 20)},
            "targets": {code: dict(plans) for code, plans in CODES.items()},
            "funding_thousand_roubles": {2025: Decimal("930.5")},
            "events": [
                {"code": f"1.{n}", "name": name, "due": date(2025, 10, n)}
                for n, name in enumerate(NAMES, start=1)
            ],
        }
    ]


def fill_year(given: Given) -> None:
    """Publish the registers, requests, events and money of the year."""
    given.change_passport(_vector)
    departments = [
        {
            "as_of": YEAR_END,
            "department": f"Отдел {n}",
            "required": 1,
            "equipped": int(n < 11),
        }
        for n in range(25)
    ]
    given.table("registers", "core.department_rows", departments, "departments")
    workplaces = [
        {
            "as_of": YEAR_END,
            "number": str(n),
            "has_pc": True,
            "has_protection": n < 6,
            "has_edms": n < 27,
        }
        for n in range(50)
    ]
    given.table("registers", "core.workplace_rows", workplaces, "workplaces")
    given.requests({date(2025, 3, 3): 600, date(2025, 11, 3): 66})
    held = [{"held_on": date(2025, 10, 5), "title": f" {name.upper()} "} for name in NAMES[:4]]
    # The fifth was held a year too late.
    held.append({"held_on": date(2026, 2, 1), "title": NAMES[4]})
    given.table("registers", "core.event_rows", held, "events")
    spend(given, "837450")
    given.smev_speaks(date(2026, 1, 9))


def spend(given: Given, executed: str, item: str = "") -> None:
    """Publish the cash of the year, of one item of the budget."""
    row = {"year": 2025, "as_of": YEAR_END, "item": item, "plan": None}
    rows = [{**row, "executed": Decimal(executed)}]
    given.table("registers", "core.budget_rows", rows, "budget")
