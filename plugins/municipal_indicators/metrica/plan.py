"""Which counter days to order: programme days, settling days, zones, and their cut into requests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from municipal_indicators.errors import (
    ConfigurationError,
    MetricaAccessError,
    MetricaQuotaError,
    MetricaRequestError,
)
from municipal_indicators.metrica.client import Counter, LogOrder, MetricaClient
from municipal_indicators.metrica.fields import FieldList, load_fields
from municipal_indicators.metrica.hook import MetricaHook
from municipal_indicators.passport import Passport, Site, load_passport

log = logging.getLogger(__name__)

DAY = timedelta(days=1)


Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Days:
    """A span of whole days, both ends inclusive."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + offset * DAY for offset in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return f"{self.first}…{self.last}"


def plan_run(date_from: str | None, date_to: str | None, moment: datetime) -> list[Request]:
    """The requests of a run at ``moment``, over the default connection."""
    passport = load_passport()
    now = datetime.now(UTC)
    zone, settling = passport.time_zone, passport.settling_days
    days = programme_days(date_from, date_to, moment, zone, settling, now)
    log.info("Programme days %s in %s.", days, zone)
    return plan_requests(MetricaHook().get_conn(), passport, days, load_fields(), now)


def plan_requests(
    client: MetricaClient, passport: Passport, days: Days, fields: FieldList, now: datetime
) -> list[Request]:
    """The requests of all sites for these programme days, small enough for XCom.

    ``name`` for the UI, ``order`` as JSON, ``time_zone`` of the counter. A site that the API
    refuses does not keep the others from loading: its request has a ``problem`` in place of
    an order. When no site is left, the error is raised.
    """
    requests: list[Request] = []
    errors = []
    for site in passport.sites:
        try:
            requests += _site_requests(client, site, passport.time_zone, days, fields, now)
        except (MetricaAccessError, MetricaRequestError, MetricaQuotaError) as error:
            errors.append(error)
            name = f"{site.counter_id} ({site.name})"
            log.error("Site %s cannot be loaded: %s", name, error)
            requests.append({"name": name, "problem": f"Site {name}: {error}"})
    if errors and len(errors) == len(passport.sites):
        raise errors[0]
    return requests


def _site_requests(
    client: MetricaClient,
    site: Site,
    zone: str,
    days: Days,
    fields: FieldList,
    now: datetime,
) -> list[Request]:
    counter = client.counter(site.counter_id)
    wanted = counter_days(days, zone, counter.time_zone_name, now)
    orders = orders_of(client, counter, wanted, fields) if wanted else []
    log.info(
        "Site %d (%s): counter days %s in %d requests.",
        site.counter_id,
        site.name,
        wanted,
        len(orders),
    )
    return [
        {
            "name": f"{order.counter_id} {order.date1}…{order.date2}",
            "order": order.model_dump(mode="json"),
            "time_zone": counter.time_zone_name,
        }
        for order in orders
    ]


def programme_days(
    date_from: str | None,
    date_to: str | None,
    moment: datetime,
    zone: str,
    settling_days: int,
    now: datetime,
) -> Days:
    """The programme days of a run at ``moment``.

    Without dates: the day before, and the ``settling_days`` before that one. ``date_from``
    alone runs through the day before. Raises ConfigurationError, naming the param, for dates
    that cannot be meant or are not over yet.
    """
    yesterday = moment.astimezone(ZoneInfo(zone)).date() - DAY
    if not date_from:
        if date_to:
            raise ConfigurationError(
                "The param date_to needs date_from: give both, or date_from alone."
            )
        return _over(Days(yesterday - settling_days * DAY, yesterday), "logical date", zone, now)
    first = _day(date_from, "date_from")
    last = _day(date_to, "date_to") if date_to else yesterday
    if first > last:
        raise ConfigurationError(
            f"The param date_from {first} is after {f'date_to {last}' if date_to else f'yesterday, {last}'}."
        )
    return _over(Days(first, last), "param date_to" if date_to else "logical date", zone, now)


def counter_days(days: Days, programme_zone: str, counter_zone: str, now: datetime) -> Days | None:
    """The counter days that overlap programme days, without those that are not over in their zone."""
    if programme_zone == counter_zone:
        wanted = days
    else:
        programme, counter = ZoneInfo(programme_zone), ZoneInfo(counter_zone)
        begin = datetime.combine(days.first, time(), programme)
        end = datetime.combine(days.last + DAY, time(), programme).astimezone(UTC) - timedelta(
            seconds=1
        )
        wanted = Days(begin.astimezone(counter).date(), end.astimezone(counter).date())
    last_over = now.astimezone(ZoneInfo(counter_zone)).date() - DAY
    if wanted.last > last_over:
        log.warning(
            "Days after %s are not over yet in %s, the counter's zone: left to the next run.",
            last_over,
            counter_zone,
        )
        if wanted.first > last_over:
            return None
        wanted = Days(wanted.first, last_over)
    return wanted


def cut(days: Days, longest: int | None = None) -> list[Days]:
    """The span in pieces of at most a year, the API's limit, and at most ``longest`` days."""
    pieces = []
    first = days.first
    while first <= days.last:
        last = min(days.last, _year_after(first) - DAY)
        if longest is not None:
            last = min(last, first + (longest - 1) * DAY)
        pieces.append(Days(first, last))
        first = last + DAY
    return pieces


def accepted_fields(client: MetricaClient, order: LogOrder, fields: FieldList) -> FieldList:
    """The fields without optional ones that the API refuses for this counter.

    Raises MetricaRequestError when a required one is refused, or for any other refusal.
    """
    while True:
        try:
            client.evaluate(order.model_copy(update={"fields": fields.names}))
        except MetricaRequestError as error:
            refused = fields.refused_in(str(error))
            if refused is None or refused.required:
                raise
            log.warning(
                "The API refuses the field %s for counter %d: left out (%s).",
                refused.name,
                order.counter_id,
                refused.purpose,
            )
            fields = fields.without([refused.name])
        else:
            return fields


def orders_of(
    client: MetricaClient, counter: Counter, days: Days, fields: FieldList
) -> list[LogOrder]:
    """The log requests that bring a counter's days, each small enough for the storage left now.

    Raises MetricaQuotaError with the numbers when not even one day fits.
    """

    def order(piece: Days, names: tuple[str, ...] = fields.names) -> LogOrder:
        return LogOrder(
            counter_id=counter.id,
            date1=piece.first,
            date2=piece.last,
            fields=names,
            source=fields.source,
            attribution=fields.attribution,
        )

    pieces = cut(days)
    names = accepted_fields(client, order(pieces[0]), fields).names
    orders = []
    for piece in pieces:
        evaluation = client.evaluate(order(piece, names))
        longest = None if evaluation.possible else evaluation.max_possible_day_quantity
        if longest is not None and longest < 1:
            raise storage_full(client, order(piece, names), longest)
        orders += [order(part, names) for part in cut(piece, longest)]
    return orders


def storage_full(client: MetricaClient, order: LogOrder, possible_days: int) -> MetricaQuotaError:
    """The error for too little storage, with who holds it and the way out."""
    held = [r for r in client.log_requests(order.counter_id) if r.is_processed]
    size = sum(request.size or 0 for request in held) / 1e9
    numbers = ", ".join(str(request.request_id) for request in held) or "none"
    return MetricaQuotaError(
        f"{order}: the storage of the Logs API (10 GB a counter) has room for {possible_days} days of "
        f"{(order.date2 - order.date1).days + 1}; {len(held)} prepared requests hold {size:.2f} GB: "
        f"{numbers}. Have their owners clean those no longer needed, then run the DAG again."
    )


def _day(text: str, param: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"The param {param} is {text!r}: write a day as YYYY-MM-DD, for example 2024-03-05."
        ) from None


def _over(days: Days, what: str, zone: str, now: datetime) -> Days:
    last_over = now.astimezone(ZoneInfo(zone)).date() - DAY
    if days.last > last_over:
        raise ConfigurationError(
            f"The {what} asks for {days.last}, which is not over yet in {zone}: the Logs API gives whole "
            f"past days only; the latest is {last_over}."
        )
    return days


def _year_after(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)
