"""Pages of a site: views, downloads, visitors, exits, of days whose hits are loaded completely."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from municipal_indicators.errors import DataCheckError
from municipal_indicators.marts.checks import check_marts
from tests.marts.given import COUNTER, NOW, Given

DAY, FOLLOWING = date(2024, 1, 30), date(2024, 1, 31)
SITE = "https://city.example"
FILE = {"is_page_view": False, "is_download": True, "url": f"{SITE}/files/ustav.pdf"}
LINK = {"is_page_view": False, "is_download": False, "url": "https://elsewhere.example/"}


def pages(given: Given, columns: str) -> list[tuple[object, ...]]:
    """The whole mart after a build, by month and page."""
    given.build("site_pages_monthly")
    return given.select(f"SELECT {columns} FROM marts.site_pages_monthly ORDER BY month, page")


def test_views_visitors_downloads_and_exits_of_each_page(given: Given) -> None:
    given.hits(
        DAY,
        [
            {"url": f"{SITE}/a", "counter_user_id_hash": 1},
            {"url": f"{SITE}/a", "counter_user_id_hash": 1},
            {"url": f"{SITE}/a", "counter_user_id_hash": 2},
            {"url": f"{SITE}/b", "counter_user_id_hash": 2},
            {**FILE, "counter_user_id_hash": 2},
            {**FILE, "counter_user_id_hash": 3},
            {**FILE, "counter_user_id_hash": 3},
            LINK,
        ],
    )
    given.visits(
        DAY, [{"end_url": f"{SITE}/a"}, {"end_url": f"{SITE}/b"}, {"end_url": f"{SITE}/b"}]
    )
    columns = "month, counter_id, site, page, pageviews, visitors, downloads, exits"
    month, name = date(2024, 1, 1), given.passport.sites[0].name
    assert pages(given, columns) == [
        (month, COUNTER, name, "city.example/a", 3, 2, 0, 1),
        (month, COUNTER, name, "city.example/b", 1, 1, 0, 2),
        (month, COUNTER, name, "city.example/files/ustav.pdf", 0, 2, 3, 0),
    ]


def test_a_page_is_host_and_path_of_views_downloads_and_exits(given: Given) -> None:
    given.hits(
        DAY,
        [
            {"url": f"{SITE}/a?year=2024#top"},
            {"url": "http://city.example:8080/a"},
            {**FILE, "url": f"{SITE}/files/f.docx?v=2"},
        ],
    )
    given.visits(DAY, [{"end_url": f"{SITE}/a?x"}, {"end_url": f"{SITE}/files/f.docx#p2"}])
    assert pages(given, "page, pageviews, downloads, exits") == [
        ("city.example/a", 2, 0, 1),
        ("city.example/files/f.docx", 0, 1, 1),
    ]


def test_visitors_are_counted_anew_in_each_month(given: Given) -> None:
    for day in (DAY, FOLLOWING, date(2024, 2, 1)):
        given.hits(day, [{"counter_user_id_hash": 1}, {"counter_user_id_hash": 2**64 - 1}])
    assert pages(given, "pageviews, visitors") == [(4, 2), (2, 2)]


def test_a_visitor_without_hash_is_a_client(given: Given) -> None:
    given.hits(
        DAY,
        [
            {"counter_user_id_hash": 0, "client_id": 7},
            {"counter_user_id_hash": 0, "client_id": 7},
            {"counter_user_id_hash": 0, "client_id": 8},
            {"counter_user_id_hash": 7, "client_id": 7},
        ],
    )
    assert pages(given, "pageviews, visitors") == [(4, 3)]


def test_exits_are_of_days_with_both_visits_and_hits(given: Given) -> None:
    given.hits(DAY, [{"url": f"{SITE}/a"}])
    given.visits(DAY, [{"end_url": f"{SITE}/last"}])
    given.visits(FOLLOWING, [{"end_url": f"{SITE}/a"}])
    given.hits(date(2024, 2, 1), [{"url": f"{SITE}/a"}])
    assert pages(given, "toMonth(month), page, pageviews, visitors, exits") == [
        (1, "city.example/a", 1, 1, 0),
        (1, "city.example/last", 0, 0, 1),
        (2, "city.example/a", 1, 1, 0),
    ]


def test_a_day_of_another_zone_counts_only_when_whole(given: Given) -> None:
    # 2024-02-29 in Moscow lasts from 02:00 on the 29th to 02:00 on the 1st in Yekaterinburg.
    zone = "Asia/Yekaterinburg"
    before = {"happened_at": datetime(2024, 2, 28, 20, 59, tzinfo=UTC), "url": f"{SITE}/before"}
    last = {"happened_at": datetime(2024, 2, 29, 20, 59, tzinfo=UTC), "url": f"{SITE}/last"}
    after = {"happened_at": datetime(2024, 2, 29, 21, 0, tzinfo=UTC), "url": f"{SITE}/after"}
    given.hits(date(2024, 2, 29), [before], zone=zone)
    given.hits(date(2024, 3, 1), [last, after], zone=zone)
    for day in (28, 29):
        given.visits(
            date(2024, 2, day),
            [{"end_url": f"{SITE}/{day}", "started_at": datetime(2024, 2, day, 12, tzinfo=UTC)}],
        )
    assert pages(given, "month, page, pageviews, exits") == [
        (date(2024, 2, 1), "city.example/29", 0, 1),
        (date(2024, 2, 1), "city.example/last", 1, 0),
    ]
    assert given.select("SELECT day FROM intermediate.site_hit_calendar") == [(date(2024, 2, 29),)]


def test_a_reload_replaces_the_day_of_hits_alone(given: Given) -> None:
    given.visits(DAY, [{"end_url": f"{SITE}/a"}])
    given.hits(DAY, [{"url": f"{SITE}/a"}, {"url": f"{SITE}/b"}])
    given.hits(DAY, [{"url": f"{SITE}/a"}])
    assert pages(given, "page, pageviews, exits") == [("city.example/a", 1, 1)]


def test_a_site_outside_the_passport_is_left_out(given: Given) -> None:
    given.hits(DAY, [{"url": f"{SITE}/a"}], counter=99)
    given.hits(DAY, [{"url": f"{SITE}/b"}])
    assert pages(given, "counter_id, page") == [(COUNTER, "city.example/b")]


def test_hits_move_nothing_that_is_counted_from_visits(given: Given) -> None:
    given.visits(DAY, [{}], requested_at=NOW - timedelta(days=1))
    given.build("data_coverage", "indicators_monthly", "site_audience", "site_pages_monthly")
    asked = (
        "SELECT * EXCEPT computed_at FROM marts.indicators_monthly ORDER BY ALL",
        "SELECT * FROM marts.site_audience ORDER BY ALL",
        "SELECT * FROM marts.data_freshness ORDER BY source",
        "SELECT * FROM intermediate.source_reach ORDER BY source",
    )
    before = [given.select(sql) for sql in asked]
    given.hits(DAY, [{}])
    given.hits(date(2024, 5, 1), [{}])
    # As if the hits had been published an hour after the visits.
    given.warehouse.command(
        """
        INSERT INTO ops.load_events SELECT * REPLACE (at + toIntervalHour(1) AS at)
        FROM ops.load_events WHERE dataset = 'hits' AND status = 'published'
        """
    )
    given.build("data_coverage", "indicators_monthly", "site_audience", "site_pages_monthly")
    assert [given.select(sql) for sql in asked] == before
    assert given.select("SELECT count() FROM marts.site_pages_monthly") == [(2,)]


def test_a_lost_hit_fails_the_data_check(given: Given) -> None:
    given.hits(DAY, [{"url": f"{SITE}/a"}, {"url": f"{SITE}/b"}])
    given.visits(DAY, [{}])
    given.build()
    check_marts(given.warehouse)
    given.warehouse.command("DELETE FROM core.metrica_hits WHERE endsWith(url, '/b')")
    with pytest.raises(DataCheckError, match=f"published_visits.*{COUNTER}/{DAY}/hits, 2, 1"):
        check_marts(given.warehouse)
