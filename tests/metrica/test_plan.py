"""Which counter days a run orders: params, settling days, zones, spans, quota, refused fields."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.errors import (
    ConfigurationError,
    MetricaAccessError,
    MetricaQuotaError,
    MetricaRequestError,
)
from municipal_indicators.metrica.client import Counter, MetricaClient
from municipal_indicators.metrica.fields import load_fields
from municipal_indicators.metrica.plan import (
    Days,
    counter_days,
    cut,
    orders_of,
    plan_requests,
    plan_run,
    programme_days,
)
from municipal_indicators.passport import Passport, load_passport
from tests.emulators.metrica import MetricaEmulator
from tests.metrica.conftest import FAR_SITE, SITE

MOSCOW = "Europe/Moscow"
NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
COUNTER = Counter(id=SITE, time_zone_name=MOSCOW)


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


def asked(date_from: str | None, date_to: str | None = None, at: datetime = NOW) -> Days:
    return programme_days(date_from, date_to, at, MOSCOW, 3, NOW)


def test_a_night_takes_the_day_before_and_the_settling_days() -> None:
    assert asked(None) == days("2024-03-06", "2024-03-09")


def test_the_day_before_is_one_of_the_programme_zone() -> None:
    # 22:30 in London is already the next day in Moscow.
    late = datetime(2024, 3, 8, 22, 30, tzinfo=UTC)
    assert asked(None, at=late).last == date(2024, 3, 8)
    assert asked(None, at=datetime(2024, 3, 8, 20, 30, tzinfo=UTC)).last == date(2024, 3, 7)


def test_dates_may_be_asked_for() -> None:
    assert asked("2022-01-01", "2023-06-30") == days("2022-01-01", "2023-06-30")
    assert asked("2024-03-01") == days("2024-03-01", "2024-03-09")


@pytest.mark.parametrize(
    ("date_from", "date_to", "told"),
    [
        (None, "2024-03-01", "date_to needs date_from"),
        ("2024-03-05", "2024-03-01", "date_from 2024-03-05 is after date_to 2024-03-01"),
        ("2024-03-10", None, "date_from 2024-03-10 is after yesterday, 2024-03-09"),
        ("01.03.2024", None, "date_from is '01.03.2024': write a day as YYYY-MM-DD"),
        ("2024-03-01", "2024-02-30", "date_to is '2024-02-30'"),
        (
            "2024-03-01",
            "2024-03-10",
            "date_to asks for 2024-03-10, which is not over yet in Europe/Moscow",
        ),
    ],
)
def test_dates_that_cannot_be_meant_name_their_param(
    date_from: str | None, date_to: str | None, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        asked(date_from, date_to)


def test_a_logical_date_in_the_future_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"logical date asks for 2029-12-31.*the latest is 2024-03-09"
    ):
        asked(None, at=datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (MOSCOW, days("2024-03-05", "2024-03-06")),
        ("Europe/Kaliningrad", days("2024-03-04", "2024-03-06")),
        ("Asia/Vladivostok", days("2024-03-05", "2024-03-07")),
        ("Europe/Istanbul", days("2024-03-05", "2024-03-06")),  # another name, the same clock
    ],
)
def test_every_counter_day_that_overlaps_is_ordered(zone: str, expected: Days) -> None:
    assert counter_days(days("2024-03-05", "2024-03-06"), MOSCOW, zone, NOW) == expected


def test_a_counter_day_that_is_not_over_is_left_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    early = datetime(2024, 3, 10, 0, 30, tzinfo=ZoneInfo(MOSCOW))
    asked_for = days("2024-03-09", "2024-03-09")
    assert counter_days(asked_for, MOSCOW, "Europe/Kaliningrad", early) == days(
        "2024-03-08", "2024-03-08"
    )
    assert "Days after 2024-03-08 are not over yet in Europe/Kaliningrad" in caplog.text
    assert counter_days(asked_for, MOSCOW, "America/New_York", early) == days(
        "2024-03-08", "2024-03-08"
    )
    assert counter_days(days("2024-03-09", "2024-03-09"), MOSCOW, "Asia/Tokyo", early) == asked_for


def test_a_span_is_cut_into_years() -> None:
    pieces = cut(days("2022-01-01", "2024-03-09"))
    assert [str(piece) for piece in pieces] == [
        "2022-01-01…2022-12-31",
        "2023-01-01…2023-12-31",
        "2024-01-01…2024-03-09",
    ]
    assert [len(piece) for piece in cut(days("2024-02-29", "2025-02-28"))] == [366]
    assert [len(piece) for piece in cut(days("2024-03-01", "2024-03-07"), longest=3)] == [3, 3, 1]


def test_the_api_takes_every_piece(client: MetricaClient) -> None:
    span = days("2024-02-29", "2026-03-01")
    ordered = orders_of(client, COUNTER, span, load_fields())
    assert [(order.date1, order.date2) for order in ordered] == [
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2025, 3, 1), date(2026, 2, 28)),
        (date(2026, 3, 1), date(2026, 3, 1)),
    ]


def test_a_refused_optional_field_is_left_out(
    client: MetricaClient, emulator: MetricaEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.refused_fields = {"ym:s:regionCity", "ym:s:browser"}
    (order,) = orders_of(client, COUNTER, days("2024-03-01", "2024-03-01"), load_fields())
    assert set(load_fields().names) - set(order.fields) == {"ym:s:regionCity", "ym:s:browser"}
    assert "refuses the field ym:s:browser" in caplog.text


def test_a_refused_required_field_stops_the_run(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.refused_fields = {"ym:s:visitID"}
    with pytest.raises(MetricaRequestError, match="Unknown field in the request: ym:s:visitID"):
        orders_of(client, COUNTER, days("2024-03-01", "2024-03-01"), load_fields())


def test_a_span_that_the_storage_does_not_hold_is_cut_smaller(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.settings.quota_bytes = 80_000
    ordered = orders_of(client, COUNTER, days("2024-03-01", "2024-03-10"), load_fields())
    assert len(ordered) > 1
    assert ordered[0].date1 == date(2024, 3, 1)
    assert ordered[-1].date2 == date(2024, 3, 10)


def test_a_full_storage_is_told_with_its_numbers(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    foreign = emulator.occupy(SITE, 11 * 10**9)
    with pytest.raises(
        MetricaQuotaError, match=r"of 2; 1 prepared requests hold 11\.00 GB"
    ) as caught:
        orders_of(client, COUNTER, days("2024-03-01", "2024-03-02"), load_fields())
    assert str(foreign.request_id) in str(caught.value)
    assert foreign.status == "processed"


def passport_of(*counters: int) -> Passport:
    passport = load_passport()
    sites = [passport.sites[0].model_copy(update={"counter_id": n}) for n in counters]
    return passport.model_copy(update={"sites": sites})


def test_sites_in_other_zones_and_broken_sites_do_not_disturb_each_other(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    passport = passport_of(SITE, 404, FAR_SITE)
    requests = plan_requests(client, passport, days("2024-03-01", "2024-03-02"), load_fields(), NOW)
    assert [request["name"] for request in requests][::2] == [
        f"{SITE} 2024-03-01…2024-03-02",
        f"{FAR_SITE} 2024-03-01…2024-03-03",
    ]
    assert "404" in requests[1]["problem"]
    assert requests[2]["time_zone"] == "Asia/Vladivostok"


def test_a_token_that_sees_no_site_is_an_error(
    emulator: MetricaEmulator,
) -> None:
    client = MetricaClient(emulator.url, "a-token-of-nobody")
    with pytest.raises(MetricaAccessError, match="403"):
        plan_requests(
            client,
            passport_of(SITE, FAR_SITE),
            days("2024-03-01", "2024-03-02"),
            load_fields(),
            NOW,
        )


def test_a_plan_is_small_and_made_of_plain_values(emulator: MetricaEmulator) -> None:
    (request,) = plan_run("2024-03-01", "2024-03-02", NOW)
    assert request["order"]["date2"] == "2024-03-02"
    assert len(str(request)) < 2000
