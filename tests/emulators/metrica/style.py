"""How the values of a log are written, and the types of cell writers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from tests.emulators.metrica import tsv

MOSCOW = timezone(timedelta(hours=3))
VISIT_IDS_SINCE = date(2025, 10, 10)


@dataclass(frozen=True, slots=True)
class Style:
    """The dialect of arrays, the counter's zone, the zone of `...UTC` columns.

    Hits have a `visitID` only since a certain day (docs/metrica-api.md#fields), 0 before.
    """

    zone: ZoneInfo
    dialect: tsv.Dialect = "B"
    true_utc: bool = False
    visit_ids_since: date = VISIT_IDS_SINCE

    def instant(self, local: datetime) -> str:
        """A local time as `dateTimeUTC` shows it: UTC+3 as documented, or UTC as once observed."""
        moment = local.replace(tzinfo=self.zone).astimezone(UTC if self.true_utc else MOSCOW)
        return moment.strftime("%Y-%m-%d %H:%M:%S")


# A row is a Visit or a Hit: the source of the request says which.
Cell = Callable[[Any], str]
Builder = Callable[[Style], Cell]
