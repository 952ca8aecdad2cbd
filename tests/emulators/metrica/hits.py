"""The hits of a visit: its page views, downloads and outgoing links, computed from the visit alone.

So the hits of a day agree with its visits.
"""

from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from tests.emulators.metrica import content
from tests.emulators.metrica.content import WHEEL_MASK
from tests.emulators.metrica.visits import Visit

MOST_WATCH_IDS = 500
FIRST_EVENT = 1000
FILE_GOAL, LINK_GOAL = content.GOALS[1][0], content.GOALS[2][0]
_LAST_SECOND = time(23, 59, 59)
_SPREAD = 0x9E3779B97F4A7C15


class Hit(NamedTuple):
    """One event, as fields.py shows it under the API's names (docs/metrica-api.md#fields).

    `happened` is naive, in the counter's zone. A file or a link is an event on a page: it has the
    page's `page_view_id`, and the page's address as its referer.
    """

    visit: Visit
    watch_id: int
    page_view_id: int
    happened: datetime
    url: str
    referer: str
    is_page_view: int
    is_download: int
    is_link: int
    goals: tuple[int, ...]

    @property
    def is_first(self) -> bool:
        """Whether the visit starts with it."""
        return self.watch_id == watch_id(self.visit, 0)

    @property
    def title(self) -> str:
        """Title of the page; events have that of the page that they happened on."""
        return page_title(self.url if self.is_page_view else self.referer)

    @property
    def http_error(self) -> str:
        """HTTP status of a missing page, empty for all others."""
        return "404" if content.LOST_PAGE in self.url else ""


def watch_id(visit: Visit, number: int) -> int:
    """Id of the visit's hit of this number: page views from 0, files and links from FIRST_EVENT.

    So an event keeps its id while its visit still gets page views.
    """
    return (visit.visit_id + 1 + 977 * number) % 2**64


def events(visit: Visit) -> tuple[int, int]:
    """How many files a visit downloads and how many outgoing links it follows.

    A goal for a file or a link means one; a few visits download files without a goal.
    """
    reached = {goal for goal, _ in visit.goals}
    more = 1 + visit.visit_id % 3 if visit.visit_id % 23 == 7 else 0
    return int(FILE_GOAL in reached) + more, int(LINK_GOAL in reached)


def watch_ids(visit: Visit) -> list[int]:
    """Ids of the visit's hits, as its field `watchIDs` lists them: at most 500."""
    files, links = events(visit)
    numbers = [*range(visit.page_views), *range(FIRST_EVENT, FIRST_EVENT + files + links)]
    return [watch_id(visit, number) for number in numbers[:MOST_WATCH_IDS]]


def visit_hits(visit: Visit) -> list[Hit]:
    """All hits of a visit by time; the first page is the start page, the last one the end page.

    Times lie between the visit's start and end and never on the next day.
    """
    files, links = events(visit)
    goals = {goal for goal, _ in visit.goals}
    pages = _pages(visit)
    hits = []
    referer = visit.referer
    own = tuple(goals - {FILE_GOAL, LINK_GOAL})
    for number, url in enumerate(pages):
        last = number + 1 == len(pages)
        moment = _moment(visit, 2 * number, 2 * len(pages))
        hits.append(_hit(visit, number, number, moment, url, referer, goals=own if last else ()))
        referer = url
    happened = _moment(visit, 2 * len(pages) - 1, 2 * len(pages))
    host = visit.start_url[: visit.start_url.index("/", 8)]
    for number in range(files + links):
        noise = (visit.visit_id >> 16 + number) * _SPREAD >> 20 & WHEEL_MASK
        is_link = number >= files
        goal = LINK_GOAL if is_link else FILE_GOAL
        hits.append(
            _hit(
                visit,
                FIRST_EVENT + number,
                len(pages) - 1,
                happened,
                content.LINKS[noise] if is_link else host + content.FILES[noise],
                referer,
                is_event=True,
                is_link=is_link,
                goals=(goal,) if goal in goals and number in (0, files) else (),
            )
        )
    return hits


@lru_cache(maxsize=10_000)
def page_title(url: str) -> str:
    """The title of a page of the site, found by the beginning of its path."""
    path = url[url.index("/", 8) :]
    return next(title for beginning, title in content.TITLES if path.startswith(beginning))


def _pages(visit: Visit) -> list[str]:
    if visit.page_views == 1:
        return [visit.start_url]
    host = visit.start_url[: visit.start_url.index("/", 8)]
    between = (
        host + content.MIDDLE_PAGES[visit.visit_id * (2 * place + 3) * _SPREAD >> 20 & WHEEL_MASK]
        for place in range(visit.page_views - 2)
    )
    return [visit.start_url, *between, visit.end_url]


def _moment(visit: Visit, part: int, parts: int) -> datetime:
    happened = visit.started + timedelta(seconds=visit.duration * part // parts)
    return min(happened, datetime.combine(visit.started, _LAST_SECOND))


def _hit(
    visit: Visit,
    number: int,
    page: int,
    happened: datetime,
    url: str,
    referer: str,
    *,
    is_event: bool = False,
    is_link: bool = False,
    goals: tuple[int, ...],
) -> Hit:
    return Hit(
        visit,
        watch_id(visit, number),
        (visit.visit_id + page) % 2**32,
        happened,
        url,
        referer,
        int(not is_event),
        int(is_event and not is_link),
        # The service marks a file as a link too: `link` is an outgoing link or a file.
        int(is_event),
        goals,
    )
