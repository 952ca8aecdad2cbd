"""The source `hits`: consistent with the visits of the same days."""

from collections import defaultdict
from datetime import date, timedelta

import pytest

from tests.emulators.metrica import Hit, Visit, day_visits, iter_visits, visit_hits
from tests.emulators.metrica.fields import known_fields
from tests.emulators.test_metrica.client import DAY, TODAY, TOWN, Api, refusal, rows, unescape

FIELDS = (
    "ym:pv:watchID",
    "ym:pv:pageViewID",
    "ym:pv:visitID",
    "ym:pv:dateTime",
    "ym:pv:clientID",
    "ym:pv:counterUserIDHash",
    "ym:pv:isPageView",
    "ym:pv:download",
    "ym:pv:link",
    "ym:pv:URL",
    "ym:pv:referer",
    "ym:pv:title",
    "ym:pv:goalsID",
    "ym:pv:httpError",
)


def by_visit(api: Api, first: date, last: date) -> dict[Visit, list[Hit]]:
    found: dict[Visit, list[Hit]] = defaultdict(list)
    for hit in api.emulator.hits(TOWN, first, last):
        found[hit.visit].append(hit)
    return found


def test_delivered_hits_are_the_hits(api: Api) -> None:
    api.emulator.settings.visit_ids_since = DAY + timedelta(3)
    last = DAY + timedelta(6)
    state = api.processed(DAY, last, source="hits", fields=",".join(FIELDS))
    assert state["source"] == "hits"
    delivered = [tuple(map(unescape, row)) for row in api.table(state)]
    assert delivered == [
        (
            str(hit.watch_id),
            str(hit.page_view_id),
            str(hit.visit.visit_id if hit.visit.day >= DAY + timedelta(3) else 0),
            str(hit.happened),
            str(hit.visit.client_id),
            str(hit.visit.user_hash),
            str(hit.is_page_view),
            str(hit.is_download),
            str(hit.is_link),
            hit.url,
            hit.referer,
            hit.title,
            str(list(hit.goals)).replace(" ", ""),
            hit.http_error,
        )
        for hit in api.emulator.hits(TOWN, DAY, last)
    ]


def test_hits_agree_with_their_visits(api: Api) -> None:
    first, last = date(2024, 1, 1), date(2024, 12, 31)
    found = by_visit(api, first, last)
    assert list(found) == list(iter_visits(TOWN, first, last))
    for visit, hits in found.items():
        pages = [hit for hit in hits if hit.is_page_view]
        assert len(pages) == visit.page_views
        assert (pages[0].url, pages[-1].url) == (visit.start_url, visit.end_url)
        assert (pages[0].happened, pages[0].referer) == (visit.started, visit.referer)
        times = [hit.happened for hit in hits]
        assert times == sorted(times)
        assert times[-1] <= visit.started + timedelta(seconds=visit.duration)
        assert {moment.date() for moment in times} == {visit.day}
        assert [page.referer for page in pages[1:]] == [page.url for page in pages[:-1]]
        for event in hits[len(pages) :]:
            assert (event.is_page_view, event.is_link) == (0, 1)
            assert (event.referer, event.page_view_id) == (pages[-1].url, pages[-1].page_view_id)
        reached = sorted(goal for hit in hits for goal in hit.goals)
        assert reached == sorted({goal for goal, _ in visit.goals})
    every = [hit for hits in found.values() for hit in hits]
    assert len({hit.watch_id for hit in every}) == len(every)
    assert max(hit.watch_id for hit in every) > 2**63
    files = [hit for hit in every if hit.is_download]
    links = [hit for hit in every if hit.is_link and not hit.is_download]
    assert len(files) > len(links) > 100
    assert {".pdf", "docx", "xlsx", ".zip"} <= {hit.url[-4:] for hit in files}
    assert len({hit.http_error for hit in every}) == 2
    assert set("\t\n\\'\"\u2028") <= set("".join(hit.title for hit in every))


def test_visits_list_the_ids_of_their_hits(api: Api) -> None:
    body = api.table(api.processed(fields="ym:s:visitID,ym:s:watchIDs"))
    expected = [
        [str(visit.visit_id), str([hit.watch_id for hit in visit_hits(visit)]).replace(" ", "")]
        for visit in day_visits(TOWN, DAY)
    ]
    assert body == expected


def test_a_visit_about_midnight_keeps_its_hits_on_its_own_day() -> None:
    late = max(iter_visits(TOWN, DAY, DAY + timedelta(60)), key=lambda visit: visit.started.time())
    end = late.started.replace(hour=23, minute=59, second=50)
    hits = visit_hits(late._replace(started=end, duration=600, page_views=3))
    assert [hit.happened.date() for hit in hits] == [end.date()] * len(hits)
    assert hits[-1].happened.second == 59


def test_hits_of_young_days_come_later(api: Api) -> None:
    api.emulator.today = DAY + timedelta(1)
    early = {hit.watch_id for hit in api.emulator.hits(TOWN, DAY, DAY)}
    api.emulator.today = TODAY
    late = {hit.watch_id for hit in api.emulator.hits(TOWN, DAY, DAY)}
    assert early < late


def test_every_known_hit_field_is_served(api: Api) -> None:
    names = known_fields("hits")
    assert len(names) > 80
    for start in range(0, len(names), 60):
        chosen = names[start : start + 60]
        state = api.processed(source="hits", fields=",".join(chosen))
        heading, *body = rows(api.part(state["request_id"]).content)
        assert heading == chosen
        assert {len(row) for row in body} == {len(chosen)}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("ym:s:visitID", "hits"),
        ("ym:pv:watchID", "visits"),
        ("ym:pv:startURL", "hits"),
        ("ym:pv:dateTimeUTC", "hits"),
        ("ym:s:isPageView", "visits"),
    ],
)
def test_a_field_of_the_other_source_is_refused(api: Api, name: str, source: str) -> None:
    expected = f"Unknown field in the request: {name} for the source {source}"
    for answer in (api.order(source=source, fields=name), api.evaluate(source=source, fields=name)):
        assert refusal(answer) == (400, "invalid_parameter", expected)


def test_hits_hold_the_storage_too(api: Api) -> None:
    fields = ",".join(FIELDS)
    state = api.processed(source="hits", fields=fields)
    api.emulator.settings.quota_bytes = 10 * state["size"]
    free = api.evaluate(source="hits", fields=fields).json()["log_request_evaluation"]
    assert 7 <= free["max_possible_day_quantity"] <= 10
