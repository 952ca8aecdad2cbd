"""What a run does before its first load: which days, in which orders; leftovers and storage at the API."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from municipal_indicators.errors import (
    MetricaAccessError,
    MetricaError,
    MetricaQuotaError,
    MetricaRequestError,
)
from municipal_indicators.reference.passport import Passport, Site, load_passport
from municipal_indicators.sources.metrica import log_request_steps
from municipal_indicators.sources.metrica.client import (
    Counter,
    Evaluation,
    LogOrder,
    LogRequest,
    MetricaClient,
)
from municipal_indicators.sources.metrica.fields import FieldList, load_fields
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.sources.metrica.log_requests import clean_own
from municipal_indicators.sources.metrica.plan import (
    CHUNK_DAYS,
    Days,
    PlannedSite,
    counter_days,
    cut,
    programme_days,
    spans_of,
)
from municipal_indicators.sources.metrica.request_ledger import (
    Ledger,
    Note,
    Own,
    note,
    note_storage,
    read_ledger,
)
from municipal_indicators.sources.metrica.runs import (
    Asked,
    History,
    PlannedRun,
    note_planned,
    read_history,
)
from municipal_indicators.warehouse.client import open_warehouse

log = logging.getLogger(__name__)

Planned = dict[str, Any]


def plan_run(
    source: str,
    date_from: str | None,
    date_to: str | None,
    moment: datetime,
    run_id: str,
    *,
    forced: bool = False,
    mends: bool = False,
) -> list[Planned]:
    """What a run of ``source`` at ``moment`` loads, over the default connection: one dict a site.

    Without dates, ``mends`` adds the days of the last month that an outage left out or unsettled.

    Each is a ``plan.PlannedSite`` as JSON, small enough for XCom. A site that the API refuses
    does not keep the others from loading: it has ``name`` and ``problem``. When no site is
    left, the error is raised.
    """
    passport, now = load_passport(), datetime.now(UTC)
    zone = passport.time_zone
    days = programme_days(date_from, date_to, moment, zone, passport.settling_days, now)
    log.info("Programme days %s in %s.", days, zone)
    asked = Asked(
        run_id,
        source,
        days.first if date_from else None,
        days.last if date_to else None,
        forced,
    )
    client = MetricaHook().get_conn()
    return Preparation(client, passport, load_fields(source), asked, days, now, mends=mends).plan()


@dataclass(slots=True)
class _Look:
    """What the API shows of a site."""

    site: Site
    counter: Counter
    requests: list[LogRequest]


@dataclass(frozen=True, slots=True)
class _Wish:
    """The counter days of a site: what the run has to publish, and what of it is left to load."""

    days: list[date]
    left: list[date]
    begun_at: datetime


class Preparation:
    """One run's preparation for all sites of a passport."""

    def __init__(
        self,
        client: MetricaClient,
        passport: Passport,
        fields: FieldList,
        asked: Asked,
        days: Days,
        now: datetime,
        *,
        mends: bool = False,
    ) -> None:
        self.mends = mends
        self.client = client
        self.passport = passport
        self.fields = fields
        self.asked = asked
        self.days = days
        self.now = now
        self._notes: list[Note] = []
        self._runs: list[PlannedRun] = []

    def plan(self) -> list[Planned]:
        """Clean what we left at the API, plan the orders and note both; see ``plan_run``."""
        looks: dict[int, _Look] = {}
        errors: dict[int, MetricaError] = {}
        for site in self.passport.sites:
            try:
                looks[site.counter_id] = self._look(site)
            except (MetricaAccessError, MetricaRequestError, MetricaQuotaError) as error:
                errors[site.counter_id] = error
        self._raise_if_none_is_left(errors)
        with open_warehouse() as warehouse:
            ledger = read_ledger(warehouse, looks)
            history = read_history(
                warehouse,
                self.asked,
                looks,
                self.days,
                self.passport.settling_days,
                self.passport.time_zone,
            )
            note_storage(warehouse, ledger, {n: look.requests for n, look in looks.items()})
        planned: list[Planned] = []
        for site in self.passport.sites:
            try:
                if site.counter_id not in errors:
                    planned += self._site(looks[site.counter_id], ledger, history)
            except (MetricaAccessError, MetricaRequestError, MetricaQuotaError) as error:
                errors[site.counter_id] = error
            if site.counter_id in errors:
                planned.append(_problem(site, errors[site.counter_id]))
        with open_warehouse() as warehouse:
            note(warehouse, self.asked.run_id, self._notes)
            note_planned(warehouse, self.asked, self._runs)
        self._raise_if_none_is_left(errors)
        return planned

    def _raise_if_none_is_left(self, errors: dict[int, MetricaError]) -> None:
        if len(errors) == len(self.passport.sites):
            raise next(iter(errors.values()))

    def _look(self, site: Site) -> _Look:
        counter = self.client.counter(site.counter_id)
        return _Look(site, counter, self.client.log_requests(site.counter_id))

    def _site(self, look: _Look, ledger: Ledger, history: History) -> list[Planned]:
        site, counter = look.site, look.counter
        self._notes += ledger.corrections(look.requests, counter.id, self.asked.source)
        ours = [
            own
            for own in ledger.ours(look.requests)
            if own.is_open and own.request.source == self.asked.source
        ]
        wish = self._wish(look, history)
        if wish is None:
            self._give_back(ours)
            return []
        self._runs.append(PlannedRun(counter.id, wish.begun_at, wish.days, is_done=not wish.left))
        if not wish.left:
            self._give_back(ours)
            return [self._planned(look, self.fields, [], wish)]
        pieces = [piece for span in spans_of(wish.left) for piece in cut(span)]
        fields, evaluation = log_request_steps.accepted_fields(
            self.client, self._order(counter, pieces[0], self.fields), self.fields
        )
        kept = self._kept(ours, wish, counter, fields)
        leftovers = [own for own in ours if own not in kept]
        self._give_back(leftovers)
        taken = [Days(own.request.date1, own.request.date2) for own in kept]
        left = set(wish.left).difference(*taken)
        new = [piece for span in spans_of(left) for piece in cut(span)]
        cuts = [
            part
            for piece in new
            for part in self._parts(
                look,
                ledger,
                self._order(counter, piece, fields),
                evaluation if piece == pieces[0] and not leftovers else None,
            )
        ]
        # What is ordered already holds storage: it is loaded first.
        spans = [*sorted(taken, key=lambda days: days.first), *cuts]
        log.info(
            "Site %d (%s): %d days %s in %d requests, %d of them adopted.",
            counter.id,
            site.name,
            len(wish.left),
            Days(wish.left[0], wish.left[-1]),
            len(spans),
            len(kept),
        )
        return [self._planned(look, fields, spans, wish)]

    def _wish(self, look: _Look, history: History) -> _Wish | None:
        counter = look.counter
        window = counter_days(self.days, self.passport.time_zone, counter.time_zone_name, self.now)
        if window is None:
            return None
        if not self.asked.date_from:
            missing = history.missing(counter.id, window.first) if self.mends else []
            if missing:
                log.info(
                    "Site %d (%s): %d days since %s are missing or were published unsettled: "
                    "loaded with this night.",
                    counter.id,
                    look.site.name,
                    len(missing),
                    missing[0],
                )
            days = [*missing, *window]
            return _Wish(days, days, self.now)
        days = list(window)
        unfinished = history.unfinished.get(counter.id)
        if unfinished is None or self.asked.forced:
            return _Wish(days, days, self.now)
        left = [day for day in days if day not in unfinished.done]
        log.info(
            "Site %d (%s): run %s of these dates, begun %s, is resumed: %d of %d days are published. "
            "The param force loads all of them anew.",
            counter.id,
            look.site.name,
            unfinished.run_id,
            f"{unfinished.begun_at:%Y-%m-%d %H:%M:%S} UTC",
            len(days) - len(left),
            len(days),
        )
        return _Wish(days, left, unfinished.begun_at)

    def _kept(
        self, ours: Sequence[Own], wish: _Wish, counter: Counter, fields: FieldList
    ) -> list[Own]:
        """Those of our open requests that bring days still to load, each day at most once."""
        if self.asked.forced:
            return []
        left = set(wish.left)
        kept = []
        for own in sorted(ours, key=lambda one: one.request.request_id, reverse=True):
            days = Days(own.request.date1, own.request.date2)
            if (
                left.issuperset(days)
                and log_request_steps.equals(own.request, self._order(counter, days, fields))
                and own.is_fresh(self.now, self.passport.settling_days, counter.time_zone_name)
            ):
                kept.append(own)
                left.difference_update(days)
        return kept

    def _give_back(self, leftovers: Sequence[Own]) -> None:
        if leftovers:
            log.info("%d requests that earlier runs left are cleaned.", len(leftovers))
        self._notes += clean_own(
            self.client, leftovers, "left by an earlier run, and of no use now"
        )

    def _parts(
        self, look: _Look, ledger: Ledger, order: LogOrder, evaluation: Evaluation | None
    ) -> list[Days]:
        """The cuts of at most half a year that a piece of at most a year is ordered in.

        Raises MetricaQuotaError with the numbers when not even a day fits and none of what
        holds the storage is ours; else the load waits until we have freed it.
        """
        evaluation = evaluation or self.client.evaluate(order)
        longest = CHUNK_DAYS
        if not evaluation.possible:
            longest = min(CHUNK_DAYS, evaluation.max_possible_day_quantity)
        if longest < 1:
            if not any(own.is_open for own in ledger.ours(look.requests)):
                raise log_request_steps.storage_full(look.requests, order, longest)
            longest = CHUNK_DAYS
        return cut(Days(order.date1, order.date2), longest)

    def _order(self, counter: Counter, days: Days, fields: FieldList) -> LogOrder:
        return LogOrder(
            counter_id=counter.id,
            date1=days.first,
            date2=days.last,
            fields=fields.names,
            source=self.asked.source,
            attribution=fields.attribution,
        )

    def _planned(
        self, look: _Look, fields: FieldList, spans: Sequence[Days], wish: _Wish
    ) -> Planned:
        counter = look.counter
        left = str(Days(wish.left[0], wish.left[-1])) if wish.left else "nothing left"
        return PlannedSite(
            name=f"{counter.id} ({look.site.name}) {left}",
            counter_id=counter.id,
            source=self.asked.source,
            attribution=fields.attribution,
            fields=fields.names,
            time_zone=counter.time_zone_name,
            settling_days=self.passport.settling_days,
            begun_at=wish.begun_at,
            spans=tuple((days.first, days.last) for days in spans),
        ).model_dump(mode="json")


def _problem(site: Site, error: MetricaError) -> Planned:
    name = f"{site.counter_id} ({site.name})"
    log.error("Site %s cannot be loaded: %s", name, error)
    return {"name": name, "problem": f"Site {name}: {error}"}
