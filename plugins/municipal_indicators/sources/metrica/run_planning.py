"""Plans a run before its first load: days, log queries, reusable and leftover requests, storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import (
    ConfigurationError,
    MetricaUnavailableError,
)
from municipal_indicators.reference.passport import Passport, Site, load_passport
from municipal_indicators.sources.metrica import logs_api
from municipal_indicators.sources.metrica.api_models import (
    Counter,
    Evaluation,
    LogQuery,
    LogRequest,
)
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.days import (
    Days,
    contiguous_spans,
    counter_days,
    programme_days,
    split,
)
from municipal_indicators.sources.metrica.fields import FieldList, load_fields
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.sources.metrica.log_requests import clean_own_requests
from municipal_indicators.sources.metrica.request_ledger import (
    Ledger,
    OwnRequest,
    RequestEvent,
    read_ledger,
    record_events,
    record_storage,
)
from municipal_indicators.sources.metrica.runs import (
    CounterDays,
    History,
    Run,
    read_history,
    record_plan,
)
from municipal_indicators.sources.metrica.site_plan import SitePlan
from municipal_indicators.sources.metrica.site_problems import check_zone, problem_of, with_way_out
from municipal_indicators.warehouse.client import open_warehouse

log = logging.getLogger(__name__)

# Half a year. Two neighbours, one being loaded and one being prepared, still fit into a year, so that
# the API can evaluate them together; an interrupted history loses at most half a year.
CHUNK_DAYS = 183

PlanJson = dict[str, Any]


def plan_run(
    source: str,
    date_from: str | None,
    date_to: str | None,
    moment: datetime,
    run_id: str,
    *,
    forced: bool = False,
    fill_gaps: bool = False,
) -> list[PlanJson]:
    """What a run of ``source`` at ``moment`` loads, over the default connection: one dict a site.

    Without dates, ``fill_gaps`` adds the days of the last month that an outage left out or
    unsettled.

    Each dict is a ``SitePlan`` as JSON. A site that cannot be planned, whatever the error, does not
    stop the others: its dict has ``name`` and ``problem``. When no site can be, the error is raised.
    """
    passport, now = load_passport(), datetime.now(UTC)
    zone = passport.time_zone
    days = programme_days(date_from, date_to, moment, zone, passport.settling_days, now)
    log.info("Programme days %s in %s.", days, zone)
    run = Run(
        run_id,
        source,
        days,
        date_from=days.first if date_from else None,
        date_to=days.last if date_to else None,
        forced=forced,
        fill_gaps=fill_gaps,
    )
    return RunPlanner(
        MetricaHook(settings.metrica_connection()).get_conn(),
        passport,
        load_fields(source),
        run,
        now,
    ).plan()


@dataclass(slots=True)
class _SiteState:
    """What the API shows of a site."""

    site: Site
    counter: Counter
    requests: list[LogRequest]

    def __str__(self) -> str:
        return f"{self.counter.id} ({self.site.name})"


@dataclass(frozen=True, slots=True)
class _SiteDays:
    """The counter days of a site: all that the run has to publish, and those not published yet.

    ``is_recut``: the counter's time zone was changed, so that older requests may be cut otherwise.
    """

    days: list[date]
    left: list[date]
    begun_at: datetime
    is_recut: bool = False


class RunPlanner:
    """Plans one run for all sites of a passport, as of ``now``."""

    def __init__(
        self,
        client: MetricaClient,
        passport: Passport,
        fields: FieldList,
        run: Run,
        now: datetime,
    ) -> None:
        self.client = client
        self.passport = passport
        self.fields = fields
        self.run = run
        self.now = now
        self._events: list[RequestEvent] = []
        self._counter_days: list[CounterDays] = []
        self._errors: dict[int, Exception] = {}

    def plan(self) -> list[PlanJson]:
        """Clean leftovers at the API, plan the log queries and record both; see ``plan_run``."""
        self._raise_if_no_site_is_named()
        observed = self._observed_sites()
        if not observed:
            return []
        states = self._read_sites(observed)
        self._raise_if_no_site_is_left(observed)
        with open_warehouse() as warehouse:
            ledger = read_ledger(warehouse, states)
            zones = {number: one.counter.time_zone_name for number, one in states.items()}
            history = read_history(warehouse, self.run, self.passport, zones)
            listed = {counter_id: state.requests for counter_id, state in states.items()}
            record_storage(warehouse, ledger, listed)
        plans: list[PlanJson] = []
        for site in observed:
            if site.counter_id in states:
                with self._problem_of(site):
                    plans += self._plan_site(states[site.counter_id], ledger, history)
            if site.counter_id in self._errors:
                plans.append(problem_of(site, self._errors[site.counter_id]))
        with open_warehouse() as warehouse:
            record_events(warehouse, self.run.run_id, self._events)
            record_plan(warehouse, self.run, self._counter_days)
        self._raise_if_no_site_is_left(observed)
        return plans

    def _observed_sites(self) -> list[Site]:
        """The sites observed on some of the run's days; of the others the counter may be gone."""
        observed = []
        for site in self.passport.sites:
            days = self._observed_days(site)
            if days:
                observed.append(site)
            if days != self.run.days:
                log.info(
                    "Site %d (%s): of %s, %s requested: by the passport it is observed from %s until %s.",
                    site.counter_id,
                    site.name,
                    self.run.days,
                    f"only {days} are" if days else "nothing is",
                    site.observed_from or "the beginning",
                    site.observed_until or "today",
                )
        return observed

    def _observed_days(self, site: Site) -> Days | None:
        """The run's days on which the site is observed by the passport."""
        days = self.run.days
        first = max(days.first, site.observed_from or days.first)
        last = min(days.last, site.observed_until or days.last)
        return Days(first, last) if first <= last else None

    def _read_sites(self, observed: Sequence[Site]) -> dict[int, _SiteState]:
        """The sites that the API serves, by counter; the errors of the others are kept."""
        states = {}
        for site in observed:
            with self._problem_of(site), with_way_out(site):
                counter = self.client.counter(site.counter_id)
                check_zone(counter)
                requests = self.client.log_requests(site.counter_id)
                states[site.counter_id] = _SiteState(site, counter, requests)
        return states

    @contextmanager
    def _problem_of(self, site: Site) -> Iterator[None]:
        """Keep an error as this site's; only what all sites share, such as the connection, is raised."""
        try:
            yield
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - the others are loaded; the site's task fails with it
            self._errors[site.counter_id] = error

    def _raise_if_no_site_is_named(self) -> None:
        if not self.passport.sites:
            raise ConfigurationError(
                f"В паспорте {settings.passport_path().name} нет сайтов, загружать из Метрики нечего: "
                "впишите счётчики, "
                "например `sites: [{counter_id: 12345678, name: Официальный сайт}]`, или выключите этот DAG."
            )

    def _raise_if_no_site_is_left(self, observed: Sequence[Site]) -> None:
        """Raise the error of one of the sites if none has a plan, one that a retry may fix if there is."""
        if len(self._errors) == len(observed):
            errors = list(self._errors.values())
            raise next(
                (one for one in errors if isinstance(one, MetricaUnavailableError)), errors[0]
            )

    def _plan_site(self, state: _SiteState, ledger: Ledger, history: History) -> list[PlanJson]:
        """The plan of a site, none where its days are not over yet in the counter's zone."""
        self._events += ledger.corrections(state.requests, state.counter.id, self.run.source)
        own = [
            one
            for one in ledger.own_requests(state.requests)
            if one.is_open and one.request.source == self.run.source
        ]
        days = self._days_of(state, history)
        if days is None:
            self._clean(own)
            return []
        is_done = not days.left
        self._counter_days.append(
            CounterDays(state.counter.id, days.begun_at, days.days, is_done=is_done)
        )
        if is_done:
            self._clean(own)
            return [self._plan_json(state, self.fields, [], days)]
        fields, spans = self._spans_of(state, ledger, own, days)
        return [self._plan_json(state, fields, spans, days)]

    def _spans_of(
        self, state: _SiteState, ledger: Ledger, own: Sequence[OwnRequest], days: _SiteDays
    ) -> tuple[FieldList, list[Days]]:
        """The accepted fields and the spans to load: those of reusable requests first, then new ones."""
        first_year = next(_years(days.left))
        fields, evaluation = logs_api.accepted_fields(
            self.client, self._query(state.counter, first_year, self.fields), self.fields
        )
        reusable = self._reusable(own, days, state.counter, fields)
        leftovers = [one for one in own if one not in reusable]
        self._clean(leftovers)
        # Cleaning changes the free storage, and reuse changes the days: then it is evaluated again.
        evaluations = {} if leftovers else {first_year: evaluation}
        reused = [Days(one.request.date1, one.request.date2) for one in reusable]
        created = [
            chunk
            for year in _years(set(days.left).difference(*reused))
            for chunk in self._chunks(
                state, ledger, self._query(state.counter, year, fields), evaluations.get(year)
            )
        ]
        # Reused requests use storage already: they are loaded first.
        spans = [*sorted(reused, key=lambda span: span.first), *created]
        log.info(
            "Site %s: %d days %s in %d requests, %d of them reused.",
            state,
            len(days.left),
            Days(days.left[0], days.left[-1]),
            len(spans),
            len(reusable),
        )
        return fields, spans

    def _days_of(self, state: _SiteState, history: History) -> _SiteDays | None:
        counter = state.counter
        observed = self._observed_days(state.site)
        window = observed and counter_days(
            observed, self.passport.time_zone, counter.time_zone_name, self.now
        )
        if window is None:
            return None
        wanted = sorted({*self._gaps(state, window, history), *window})
        days = self._with_edges(state, wanted, history)
        is_recut = days != wanted
        if not self.run.date_from:
            return _SiteDays(days, days, self.now, is_recut)
        unfinished = history.unfinished.get(counter.id)
        if unfinished is None or self.run.forced:
            return _SiteDays(days, days, self.now, is_recut)
        left = [day for day in days if day not in unfinished.done]
        log.info(
            "Site %s: resuming run %s of these dates, started %s: %d of %d days are published. "
            "The param force loads all of them again.",
            state,
            unfinished.run_id,
            f"{unfinished.begun_at:%Y-%m-%d %H:%M:%S} UTC",
            len(days) - len(left),
            len(days),
        )
        return _SiteDays(days, left, unfinished.begun_at, is_recut)

    def _with_edges(self, state: _SiteState, days: Sequence[date], history: History) -> list[date]:
        """The days and their neighbours that another time zone cut: between both hours may be missing."""
        edges = history.edges(state.counter.id, days)
        if edges:
            log.warning(
                "Site %s: its time zone in Metrica was changed from %s to %s. What was loaded before stays "
                "as it was cut; the day at the edge is ordered once more, cut anew: %s.",
                state,
                ", ".join(sorted(set(edges.values()))),
                state.counter.time_zone_name,
                ", ".join(map(str, edges)),
            )
        return sorted({*days, *edges})

    def _gaps(self, state: _SiteState, window: Days, history: History) -> list[date]:
        if not self.run.fill_gaps:
            return []
        first = state.site.observed_from or date.min
        gaps = [day for day in history.gaps(state.counter.id, window.first) if day >= first]
        if gaps:
            log.info(
                "Site %s: %d days since %s are missing or were published unsettled: they are loaded "
                "as well.",
                state,
                len(gaps),
                gaps[0],
            )
        return gaps

    def _reusable(
        self, own: Sequence[OwnRequest], days: _SiteDays, counter: Counter, fields: FieldList
    ) -> list[OwnRequest]:
        """Those of our open requests that deliver days still to load, each day at most once."""
        if self.run.forced or days.is_recut:
            return []
        left = set(days.left)
        reusable = []
        for one in sorted(own, key=lambda one: one.request.request_id, reverse=True):
            span = Days(one.request.date1, one.request.date2)
            if (
                left.issuperset(span)
                and one.delivers(self._query(counter, span, fields))
                and one.is_fresh(self.now, self.passport.settling_days, counter.time_zone_name)
            ):
                reusable.append(one)
                left.difference_update(span)
        return reusable

    def _clean(self, leftovers: Sequence[OwnRequest]) -> None:
        if leftovers:
            log.info("Cleaning %d requests that earlier runs left.", len(leftovers))
        self._events += clean_own_requests(
            self.client, leftovers, "left by an earlier run and not needed now"
        )

    def _chunks(
        self, state: _SiteState, ledger: Ledger, query: LogQuery, evaluation: Evaluation | None
    ) -> list[Days]:
        """The spans of at most half a year in which the days of a query are requested.

        Raises MetricaQuotaError with the numbers when not even a day fits and no request of ours
        uses the storage; else the load waits until it is free.
        """
        evaluation = evaluation or self.client.evaluate(query)
        max_days = CHUNK_DAYS
        if not evaluation.possible:
            max_days = min(CHUNK_DAYS, evaluation.max_possible_day_quantity)
        if max_days < 1:
            if not any(own.is_open for own in ledger.own_requests(state.requests)):
                raise logs_api.storage_full_error(state.requests, query, max_days)
            max_days = CHUNK_DAYS
        return split(Days(query.date1, query.date2), max_days)

    def _query(self, counter: Counter, days: Days, fields: FieldList) -> LogQuery:
        return LogQuery(
            counter_id=counter.id,
            date1=days.first,
            date2=days.last,
            fields=fields.names,
            source=self.run.source,
            attribution=fields.attribution,
        )

    def _plan_json(
        self, state: _SiteState, fields: FieldList, spans: Sequence[Days], days: _SiteDays
    ) -> PlanJson:
        left = str(Days(days.left[0], days.left[-1])) if days.left else "nothing left"
        return SitePlan(
            name=f"{state} {left}",
            counter_id=state.counter.id,
            source=self.run.source,
            attribution=fields.attribution,
            fields=fields.names,
            time_zone=state.counter.time_zone_name,
            settling_days=self.passport.settling_days,
            begun_at=days.begun_at,
            spans=tuple((span.first, span.last) for span in spans),
        ).model_dump(mode="json")


def _years(days: Sequence[date] | set[date]) -> Iterator[Days]:
    """The contiguous spans of days, each of at most a year."""
    return (year for span in contiguous_spans(days) for year in split(span))
