"""Deterministic visits of a municipal site, independent of the API that shows them.

A day's visits are a pure function of seed, counter and day, so that a test can compute the
expected values without the server.
"""

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.emulators.metrica import content
from tests.emulators.metrica.content import WHEEL_BITS, WHEEL_MASK, Place, Technology

HISTORY_START = date(2022, 1, 1)
DEFAULT_SEED = 20220101
DEFAULT_SITE = "mtsensk-adm.example"

VISITS_A_DAY = 50.0
YEARLY_GROWTH = 0.12
REGULARS = 2000
ONE_OFF_SHARE = 0.22
WEEKDAY_FACTORS = (1.18, 1.16, 1.12, 1.10, 1.05, 0.72, 0.67)


class Visitor(NamedTuple):
    """A person as Metrica knows them; `user_hash` 0 means known by the cookie only."""

    user_hash: int
    client_id: int
    technology: Technology
    place: Place
    search_engine: tuple[str, str]
    first_source: str


class Visit(NamedTuple):
    """One visit, as fields.py shows it under the API's names (docs/metrica-api.md#fields).

    `started` is naive, in the counter's zone; `duration` is in seconds; `goals` are pairs of
    goal id and local time.
    """

    visit_id: int
    counter_id: int
    started: datetime
    client_id: int
    user_hash: int
    is_new_user: int
    bounce: int
    page_views: int
    duration: int
    start_url: str
    end_url: str
    referer: str
    last_source: str
    lastsign_source: str
    visitor: Visitor
    goals: tuple[tuple[int, datetime], ...]
    parameters: tuple[str, ...]

    @property
    def day(self) -> date:
        """The day of the start in the counter's zone."""
        return self.started.date()

    def instant(self, zone: ZoneInfo) -> datetime:
        """The start in UTC, `zone` being the counter's."""
        return self.started.replace(tzinfo=zone).astimezone(UTC)

    @property
    def device(self) -> str:
        """Code of the device: "1" desktop, "2" phone, "3" tablet, "4" TV."""
        return self.visitor.technology.device

    @property
    def operating_system_root(self) -> str:
        """Id of the system's family, empty if unknown."""
        return self.visitor.technology.system_root

    @property
    def operating_system(self) -> str:
        """Id of the system, empty if unknown."""
        return self.visitor.technology.system

    @property
    def browser(self) -> str:
        """Id of the browser, empty if unknown."""
        return self.visitor.technology.browser

    @property
    def lastsign_search_engine_root(self) -> str:
        """Search engine of the last significant source, empty unless that is organic."""
        return traffic(self, "lastsign").search_engine_root

    @property
    def person(self) -> int:
        """The visitor of docs/indicators.md: `counterUserIDHash`, or `clientID` where that is 0."""
        return self.user_hash or self.client_id


class Traffic(NamedTuple):
    """The traffic source of a visit under one attribution model (docs/metrica-api.md#fields)."""

    source: str
    search_engine_root: str
    search_engine: str
    adv_engine: str
    social_network: str
    referal_source: str


def traffic(visit: Visit, model: str) -> Traffic:
    """The source of a visit under `first*`, `last` or any other model (taken as `lastsign`)."""
    bare = model.removeprefix("cross_device_")
    if bare == "first":
        source = visit.visitor.first_source
    else:
        source = visit.last_source if bare == "last" else visit.lastsign_source
    root, engine = visit.visitor.search_engine if source == "organic" else ("", "")
    social = ""
    if source == "social":
        social = content.SOCIAL_NETWORKS.get(visit.referer, content.SOCIAL_NETWORK_ELSE)
    referal = visit.referer if source == "referral" else ""
    return Traffic(
        source, root, engine, "ya_direct" if source == "ad" else "ya_undefined", social, referal
    )


def day_visits(
    counter_id: int,
    day: date,
    *,
    settled: bool = True,
    seed: int = DEFAULT_SEED,
    site: str = DEFAULT_SITE,
) -> list[Visit]:
    """All visits that start on `day` of the counter's zone, in no particular order.

    `settled=False` is the day as the API shows it at first: about 4 % of the visits
    are still missing and about 8 % are still short of pageviews and seconds
    (docs/metrica-api.md#log-requests).
    """
    if day < HISTORY_START:
        return []
    rng = random.Random(f"{seed}/{counter_id}/{day}")
    level = _level(day)
    midnight = datetime.combine(day, time.min)
    pool = round(REGULARS * level)
    visits = [
        _visit(rng, counter_id, midnight, pool, seed, site, number)
        for number in range(_number_of_visits(rng, day, level))
    ]
    return visits if settled else _preliminary(visits)


def moved_visit(visit: Visit, old: ZoneInfo, new: ZoneInfo) -> Visit:
    """The same visit as a counter shows it whose zone was changed: its instants stay."""

    def moved(local: datetime) -> datetime:
        return local.replace(tzinfo=old).astimezone(new).replace(tzinfo=None)

    goals = tuple((goal, moved(at)) for goal, at in visit.goals)
    return visit._replace(started=moved(visit.started), goals=goals)


def iter_visits(
    counter_id: int,
    first: date,
    last: date,
    *,
    seed: int = DEFAULT_SEED,
    site: str = DEFAULT_SITE,
) -> Iterator[Visit]:
    """Settled visits of all days from `first` through `last`."""
    for offset in range((last - first).days + 1):
        yield from day_visits(counter_id, first + timedelta(offset), seed=seed, site=site)


def _level(day: date) -> float:
    """Popularity of the site on a day; its mean over a year grows by 0.12 of that of 2022."""
    years = day.year - 2022 + (day.timetuple().tm_yday - 1) / 365.25
    return 1 + YEARLY_GROWTH * (years - 0.5)


def _number_of_visits(rng: random.Random, day: date, level: float) -> int:
    season = 1 + 0.15 * math.cos((day.timetuple().tm_yday - 60) / 365.25 * 2 * math.pi)
    holiday = 0.6 if (day.month, day.day) < (1, 9) else 1.0
    event = 1.7 if rng.random() < 0.01 else 1.0
    mean = VISITS_A_DAY * level * WEEKDAY_FACTORS[day.weekday()] * season * holiday * event
    return max(1, round(rng.gauss(mean, mean**0.5)))


def _bits(*key: object) -> int:
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=24).digest())


def _new_visitor(bits: int, counter_id: int, key: object, seed: int) -> Visitor:
    """Make a visitor from 192 random bits; every 50th has no hash, every 3rd regular no site.

    A hash without a site shows that visitors are counted by (site, visitor).
    """
    shared = isinstance(key, int) and key % 3 == 0
    user_hash = _bits(seed, "shared", key) & (2**64 - 1) if shared else bits & (2**64 - 1)
    bits >>= 64
    client_id = bits & (2**64 - 1) | 1 << 62
    bits >>= 64
    if bits & 3:
        client_id = (1_600_000_000 + client_id % 90_000_000) * 10**9 + client_id % 10**9
    bits >>= 2
    technology = content.TECHNOLOGIES[bits & WHEEL_MASK]
    place = content.PLACES[bits >> WHEEL_BITS & WHEEL_MASK]
    engine = content.SEARCH_ENGINES[bits >> 2 * WHEEL_BITS & WHEEL_MASK]
    first_source = content.SOURCES[bits >> 3 * WHEEL_BITS & WHEEL_MASK]
    by_cookie = (bits >> 4 * WHEEL_BITS) % 50 == 0
    return Visitor(
        0 if by_cookie else user_hash, client_id, technology, place, engine, first_source
    )


@lru_cache(maxsize=100_000)
def _regular(seed: int, counter_id: int, index: int) -> Visitor:
    return _new_visitor(_bits(seed, counter_id, index), counter_id, index, seed)


def _visit(
    rng: random.Random,
    counter_id: int,
    midnight: datetime,
    pool: int,
    seed: int,
    site: str,
    number: int,
) -> Visit:
    bits = rng.getrandbits(128)
    visit_id = rng.getrandbits(64)
    if number == 0:
        # A visitID is unique within one year only: this one is repeated every year.
        visit_id = _bits(seed, counter_id, midnight.month, midnight.day) & (2**64 - 1)
    chance = rng.random()
    is_new = chance < ONE_OFF_SHARE
    if is_new:
        visitor = _new_visitor(rng.getrandbits(192), counter_id, None, seed)
    else:
        skew = (chance - ONE_OFF_SHARE) / (1 - ONE_OFF_SHARE)
        visitor = _regular(seed, counter_id, int(pool * skew**1.6))
    client_id = visitor.client_id
    if visitor.user_hash and not is_new and bits & 31 == 0:
        # The same person with cleared cookies: another clientID, the same hash.
        client_id, is_new = rng.getrandbits(62) | 1, True
    bits >>= 5
    source = content.SOURCES[bits & WHEEL_MASK]
    bits >>= WHEEL_BITS
    significant = source
    if source in ("direct", "internal", "saved") and bits & 3 == 0:
        significant = content.SIGNIFICANT[bits >> 2 & WHEEL_MASK]
    bits >>= 2 + WHEEL_BITS
    page_views = content.PAGE_VIEWS[bits & WHEEL_MASK]
    bits >>= WHEEL_BITS
    duration = _duration(page_views, bits & 0xFFFF)
    bits >>= 16
    started = midnight + timedelta(seconds=_second_of_day(bits & 0xFFFF, rng.random()))
    bits >>= 16
    entry = content.ENTRY_PAGES[bits & WHEEL_MASK]
    bits >>= WHEEL_BITS
    start_url, end_url = _urls(site, entry, source, page_views, bits & WHEEL_MASK)
    bits >>= WHEEL_BITS
    return Visit(
        visit_id,
        counter_id,
        started,
        client_id,
        visitor.user_hash,
        int(is_new),
        int(page_views == 1 and duration < 15),
        page_views,
        duration,
        start_url,
        end_url,
        _referer(source, site, bits & WHEEL_MASK),
        source,
        significant,
        visitor,
        _goals(started, duration, visit_id),
        content.PARAMETERS[bits >> WHEEL_BITS & WHEEL_MASK],
    )


def _duration(page_views: int, noise: int) -> int:
    if page_views == 1:
        return noise % 15 if noise % 10 < 7 else 15 + noise % 240
    return 10 + page_views * (5 + noise % 60)


def _second_of_day(noise: int, spread: float) -> int:
    """Mostly office hours and evenings; one visit in eight is at any time."""
    if noise & 7 == 0:
        return int(86_399 * spread)
    return int(8 * 3600 + 15 * 3600 * (spread * 0.6 + noise / 65_536 * 0.4))


def _urls(site: str, entry: str, source: str, page_views: int, noise: int) -> tuple[str, str]:
    host = f"https://{'www.' if noise % 20 == 0 else ''}{site}"
    start = host + entry
    if source in content.UTM:
        mark = "utm_source={}&utm_medium={}&utm_campaign={}".format(*content.UTM[source])
        page, hash_mark, anchor = start.partition("#")
        start = page + ("&" if "?" in page else "?") + mark + hash_mark + anchor
    return start, start if page_views == 1 else host + content.END_PAGES[noise]


def _referer(source: str, site: str, noise: int) -> str:
    choices = content.REFERERS.get(source)
    if choices is None:
        return ""
    return choices[noise % len(choices)].replace("{site}", site)


def _goals(started: datetime, duration: int, noise: int) -> tuple[tuple[int, datetime], ...]:
    if noise % 100 >= 8:
        return ()
    reached = content.GOALS[: 1 + noise % 3] if noise % 2 else content.GOALS[noise % 3 :]
    step = duration // (len(reached) + 1)
    return tuple(
        (goal[0], started + timedelta(seconds=step * (place + 1)))
        for place, goal in enumerate(reached)
    )


def _preliminary(visits: list[Visit]) -> list[Visit]:
    early = [visit for visit in visits if visit.visit_id % 25 or len(visits) == 1]
    return [unfinished(visit) if visit.visit_id % 12 == 1 else visit for visit in early]


def unfinished(visit: Visit) -> Visit:
    """The visit as shown before it ended: half of its pages and seconds, no goal."""
    page_views = max(1, visit.page_views // 2)
    duration = visit.duration // 2
    return visit._replace(
        page_views=page_views,
        duration=duration,
        bounce=int(page_views == 1 and duration < 15),
        end_url=visit.start_url if page_views == 1 else visit.end_url,
        goals=(),
    )
