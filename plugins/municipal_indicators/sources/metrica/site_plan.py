"""What a run loads of one site, as it is passed from the planning task to the loading task."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from municipal_indicators.sources.metrica.api_models import LogQuery


class SitePlan(BaseModel, frozen=True):
    """The logs to load of one counter; small enough for XCom.

    ``spans`` are counter days, both ends inclusive, none of more than a year. They are loaded in
    this order. A day that was published at ``begun_at`` or later is done.
    """

    name: str
    counter_id: int
    source: str
    attribution: str
    fields: tuple[str, ...]
    time_zone: str
    settling_days: int
    begun_at: datetime
    spans: tuple[tuple[date, date], ...]

    @property
    def queries(self) -> list[LogQuery]:
        """One log query a span, in the same order."""
        return [
            LogQuery(
                counter_id=self.counter_id,
                date1=first,
                date2=last,
                fields=self.fields,
                source=self.source,
                attribution=self.attribution,
            )
            for first, last in self.spans
        ]
