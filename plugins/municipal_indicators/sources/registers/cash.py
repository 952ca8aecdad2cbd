"""Cash that is above its plan: mostly a wrong unit of money."""

from __future__ import annotations

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.spreadsheets.doubts import joined
from municipal_indicators.spreadsheets.kinds import Note
from municipal_indicators.warehouse.templates import render


def cash_above_plan(task: FileLoad) -> list[Note]:
    """A warning of each year and date whose cash is above the plan of the file or of the passport.

    Of several editions the highest funding of a year counts. Raises PassportError.
    """
    funding: dict[int, float] = {}
    for edition in load_passport().editions:
        for year, thousands in edition.funding_thousand_roubles.items():
            funding[year] = max(funding.get(year, 0), float(thousands * 1000))
    rows = task.warehouse.rows(
        render("loads/cash_above_plan.sql"),
        {**task.parameters(), "years": list(funding), "funding": list(funding.values())},
    )
    texts = [
        f"{year} on {as_of}: cash {executed} is above the plan {above} of the "
        f"{'file' if above == plan else 'passport'}"
        for year, as_of, executed, plan, passport in rows
        for above in (plan if plan is not None and executed > plan else passport,)
    ]
    return joined("cash_above_plan", texts)
