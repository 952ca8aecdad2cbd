"""Site marts: days cut in the programme zone, visitors counted separately at each grain, settled or not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.marts.given import COUNTER, NOW, Given


def _audience(given: Given, grain: str, columns: str) -> list[tuple[object, ...]]:
    return given.select(
        f"SELECT {columns} FROM marts.site_audience WHERE grain = '{grain}' ORDER BY counter_id, period_start"
    )


def test_visitors_are_counted_anew_at_each_grain(given: Given) -> None:
    given.visits(date(2024, 1, 30), [{"counter_user_id_hash": 1}, {"counter_user_id_hash": 2}])
    given.visits(
        date(2024, 1, 31), [{"counter_user_id_hash": 2}, {"counter_user_id_hash": 2**64 - 1}]
    )
    given.visits(date(2024, 2, 1), [{"counter_user_id_hash": 1}])
    given.build("site_audience")
    assert _audience(given, "day", "visits, visitors") == [(2, 2), (2, 2), (1, 1)]
    assert _audience(given, "week", "period_start, visitors") == [(date(2024, 1, 29), 3)]
    assert _audience(given, "month", "visitors") == [(3,), (1,)]
    assert _audience(given, "quarter", "visitors") == [(3,)]
    assert _audience(given, "year", "visitors") == [(3,)]


def test_visitor_without_hash_is_a_client(given: Given) -> None:
    given.visits(
        date(2024, 1, 30),
        [
            {"counter_user_id_hash": 0, "client_id": 7},
            {"counter_user_id_hash": 0, "client_id": 7},
            {"counter_user_id_hash": 0, "client_id": 8},
            {"counter_user_id_hash": 7, "client_id": 7},
        ],
    )
    given.build("site_audience")
    assert _audience(given, "day", "visitors") == [(3,)]


def test_measures(given: Given) -> None:
    given.visits(
        date(2024, 1, 30),
        [
            {"is_bounce": True, "is_new_user": True, "page_views": 1, "visit_duration_seconds": 10},
            {
                "is_bounce": False,
                "is_new_user": False,
                "page_views": 4,
                "visit_duration_seconds": 50,
            },
        ],
    )
    given.visits(date(2024, 1, 31))
    given.build("site_audience")
    columns = "visits, new_visitors, pageviews, bounces, bounce_share, average_visit_seconds"
    assert _audience(given, "day", columns) == [(2, 1, 5, 1, 0.5, 30.0), (0, 0, 0, 0, None, None)]
    assert _audience(given, "month", columns) == [(2, 1, 5, 1, 0.5, 30.0)]


def test_day_of_another_zone_shows_only_when_whole(given: Given) -> None:
    # 2024-03-05 in Moscow lasts from 02:00 on the 5th to 02:00 on the 6th in Yekaterinburg.
    last = {"started_at": datetime(2024, 3, 5, 20, 59, tzinfo=UTC)}
    following = {"started_at": datetime(2024, 3, 5, 21, 0, tzinfo=UTC)}
    given.visits(date(2024, 3, 5), zone="Asia/Yekaterinburg")
    given.visits(date(2024, 3, 6), [last, following], zone="Asia/Yekaterinburg")
    given.build("site_audience", "site_sources_monthly")
    assert _audience(given, "day", "period_start, visits") == [(date(2024, 3, 5), 1)]
    assert given.select("SELECT sum(visits) FROM marts.site_sources_monthly") == [(1,)]


def test_settled_when_ordered_after_the_settling_days(given: Given) -> None:
    given.visits(date(2026, 11, 19), requested_at=NOW)
    given.visits(date(2026, 11, 20), requested_at=NOW)
    given.visits(date(2026, 11, 21), requested_at=NOW)
    given.visits(date(2026, 10, 31), requested_at=NOW - timedelta(days=20))
    given.build("site_audience")
    assert _audience(given, "day", "is_settled") == [(True,), (True,), (True,), (False,)]
    assert _audience(given, "month", "is_settled") == [(True,), (False,)]
    assert _audience(given, "year", "is_settled") == [(False,)]


def test_a_longer_rule_unsettles_nothing_and_a_shorter_one_settles(given: Given) -> None:
    # Six nights after the day, and the site is not loaded any more.
    asked = datetime(2026, 11, 7, 1, tzinfo=UTC)
    given.visits(date(2026, 11, 1), settling_days=3, requested_at=asked)
    given.visits(date(2026, 11, 2), settling_days=14, requested_at=asked)
    for rule, settled in ((3, [True, True]), (5, [True, False]), (14, [True, False])):
        given.passport = given.passport.model_copy(update={"settling_days": rule})
        given.build("site_audience")
        assert _audience(given, "day", "is_settled") == [(one,) for one in settled], rule
        assert _audience(given, "week", "is_settled") == [(True,), (False,)]


def test_the_last_month_of_a_site_that_ended_settles(given: Given) -> None:
    given.visits(date(2026, 10, 14), requested_at=datetime(2026, 10, 18, 1, tzinfo=UTC))
    site = given.passport.sites[0].model_copy(update={"observed_until": date(2026, 10, 14)})
    given.passport = given.passport.model_copy(update={"sites": [site, *given.passport.sites[1:]]})
    given.build("site_audience")
    assert _audience(given, "month", "is_settled") == [(True,)]


def test_reload_replaces_the_day(given: Given) -> None:
    given.visits(date(2024, 1, 30), [{}, {}])
    given.visits(date(2024, 1, 30), [{}, {}, {}])
    given.build("site_audience")
    assert _audience(given, "day", "visits") == [(3,)]


def test_site_outside_the_passport_is_left_out(given: Given) -> None:
    given.visits(date(2024, 1, 30), [{}])
    given.visits(date(2024, 1, 30), [{}], counter=99)
    given.build("site_audience")
    assert _audience(given, "day", "counter_id") == [(COUNTER,)]


def test_entry_page_is_host_and_path(given: Given) -> None:
    urls = {
        "https://city.example/a/b?x=1#top": "city.example/a/b",
        "https://city.example": "city.example",
        "http://user:secret@city.example:8080/a?b=https://other/": "city.example/a",
        "https://мценск.рф/новости/день города?id=1": "мценск.рф/новости/день города",
        "file:///C:/page.html": "/C:/page.html",
        "city.example/without-scheme#x\ny": "city.example/without-scheme",
        "": "",
    }
    given.visits(date(2024, 1, 30), [{"start_url": url} for url in urls])
    given.build("site_entry_pages_monthly")
    pages = given.select(
        "SELECT page, sum(visits) FROM marts.site_entry_pages_monthly GROUP BY page"
    )
    expected: dict[str, int] = {}
    for page in urls.values():
        expected[page] = expected.get(page, 0) + 1
    assert dict(pages) == expected


def test_sources_and_devices(given: Given) -> None:
    search = {
        "traffic_source": "organic",
        "search_engine": "yandex",
        "device": "2",
        "browser": "chrome",
    }
    given.visits(
        date(2024, 1, 30),
        [search, {**search, "counter_user_id_hash": 2}, {**search, "device": "1"}],
    )
    given.build("site_devices_monthly", "site_sources_monthly")
    assert given.select(
        "SELECT traffic_source, search_engine, visits, visitors FROM marts.site_sources_monthly"
    ) == [("organic", "yandex", 3, 2)]
    assert given.select(
        "SELECT device, browser, visits, visitors FROM marts.site_devices_monthly ORDER BY device"
    ) == [
        ("1", "chrome", 1, 1),
        ("2", "chrome", 2, 2),
    ]
