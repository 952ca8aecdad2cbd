"""The demo's way on a short span: real runs of all DAGs, every mart counted independently."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from municipal_indicators import settings
from tests.emulators.inbox import Truth, write_inbox
from tests.emulators.inbox.tables import write_file
from tests.emulators.metrica import Counter, MetricaEmulator, Settings
from tests.end_to_end.comparison import differences, told
from tests.end_to_end.mart_columns import BY_THE_CLOCK, COLUMNS, COUNTED_ELSEWHERE, GRAIN
from tests.end_to_end.oracle import World, now
from tests.end_to_end.oracle_calendar import DAY
from tests.end_to_end.oracle_site import Site, Span
from tests.end_to_end.stage import KEY, TOKEN, Stage

HERE = Path(__file__).parent
PASSPORT = HERE / "passport.yaml"
TOLD_OTHERWISE = ("passport_elsewhere.yaml", "passport_moved.yaml")
# The sites end within the last month, the files with it.
FIRST_DAY, LAST_DAY = date(2022, 1, 1), date(2024, 3, 17)
FIRST_MONTH, LAST_MONTH = date(2023, 1, 1), date(2024, 3, 1)
HITS_FIRST, HITS_LAST = date(2023, 12, 20), date(2024, 2, 10)
SPANS = {
    "load_metrica_visits": {"date_from": str(FIRST_DAY), "date_to": str(LAST_DAY)},
    "load_metrica_hits": {"date_from": str(HITS_FIRST), "date_to": str(HITS_LAST)},
}
COUNTERS = (
    Counter(12345678),
    # No visits before it was made: its first loaded days are zeros.
    Counter(87654321, "Сайт", "Asia/Yekaterinburg", "school.example", created=date(2023, 6, 1)),
)
FILE_DAGS = ("load_gosuslugi_applications", "load_smev_requests", "load_programme_registers")
BUILD = "build_indicator_marts"
HOPELESS = {"gosuslugi/2024/погода.csv", "smev/2024/сущность.xml", "registers/2024/битый.xlsx"}

Dump = dict[str, Any]
Marts = dict[str, list[dict[str, Any]]]


def loaded(counter_id: int, first: date, last: date) -> Span:
    """The counter days of a span of PASSPORT: Moscow days, so the neighbour in the east needs one more."""
    counter = next(one for one in COUNTERS if one.id == counter_id)
    return Span(first, last + DAY if counter is COUNTERS[1] else last, counter.zone)


@dataclass
class Way:
    """One stage with all that was put on it, and what the warehouse held after each act."""

    stage: Stage
    emulator: MetricaEmulator
    truth: Truth

    def world(self, passport: Path, built_at: datetime) -> World:
        """What the oracle counts from, as told by a passport."""
        told_by: dict[str, Any] = yaml.safe_load(passport.read_text(encoding="utf-8"))
        zone = ZoneInfo(told_by["time_zone"])
        sites = [self._site(one["counter_id"], one["name"], zone) for one in told_by["sites"]]
        return World(told_by, sites, self.truth, settings.REFERENCE, built_at)

    def _site(self, counter_id: int, name: str, zone: ZoneInfo) -> Site:
        visits_of = loaded(counter_id, FIRST_DAY, LAST_DAY)
        hits_of = loaded(counter_id, HITS_FIRST, HITS_LAST)
        return Site(
            counter_id,
            name,
            zone,
            visits_of,
            list(self.emulator.visits(counter_id, visits_of.first, visits_of.last)),
            hits_of,
            list(self.emulator.hits(counter_id, hits_of.first, hits_of.last)),
        )

    @cached_property
    def needles(self) -> list[str]:
        """What must be found nowhere: planted persons and our secrets."""
        return [*self.truth.personal, TOKEN, KEY]

    def run(self, *dags: str) -> None:
        """Run the DAGs in this order, those of Metrica over their spans."""
        for dag in dags:
            self.stage.run(dag, SPANS.get(dag))


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """All DAGs once."""
    root = tmp_path_factory.mktemp("way") / "stage"
    with _emulator() as emulator, _set_out(root, emulator) as way:
        way.run(*SPANS, *FILE_DAGS, BUILD)
        yield way


@pytest.fixture(scope="module")
def first(way: Way) -> Dump:
    """The warehouse after all DAGs ran once."""
    return way.stage.dump(way.needles)


@pytest.fixture(scope="module")
def counted(way: Way) -> Marts:
    """The same marts as the oracle counts them."""
    return way.world(PASSPORT, now()).marts()


@pytest.fixture(scope="module")
def told_otherwise(way: Way, first: Dump) -> dict[str, Dump]:
    """The same loads built under other passports."""
    dumps = {}
    for name in TOLD_OTHERWISE:
        way.stage.run(BUILD, passport=HERE / name)
        dumps[name] = way.stage.dump()
    return dumps


@pytest.fixture(scope="module")
def second(way: Way, first: Dump, told_otherwise: dict[str, Dump]) -> Dump:
    """The warehouse after all DAGs ran again."""
    way.run(*SPANS, *FILE_DAGS, BUILD)
    return way.stage.dump()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A second stage: another order, and hopeless files among the good."""
    root = tmp_path_factory.mktemp("other") / "stage"
    with _emulator() as emulator, _set_out(root, emulator) as way:
        _plant_hopeless_files(way)
        way.run("load_metrica_hits", *reversed(FILE_DAGS), "load_metrica_visits", BUILD)
        yield way


def _emulator() -> MetricaEmulator:
    settings = Settings(polls=1, parts_per_request=3)
    return MetricaEmulator(COUNTERS, {TOKEN: None}, settings=settings, today=date(2024, 4, 10))


@contextmanager
def _set_out(root: Path, emulator: MetricaEmulator) -> Iterator[Way]:
    stage = Stage(root, PASSPORT, emulator.port)
    truth = write_inbox(stage.inbox, FIRST_MONTH, LAST_MONTH)
    with stage.session():
        stage.airflow("db", "migrate")
        yield Way(stage, emulator, truth)


def _plant_hopeless_files(way: Way) -> None:
    name, snils = sorted(way.truth.personal)[-1], sorted(way.truth.personal)[0]
    unknown = f"Погода;Кто смотрел\r\nдождь;{name} {snils}\r\n".encode("windows-1251")
    entity = f'<!DOCTYPE a [<!ENTITY who "{name}">]><a fio="{snils}">&who;</a>'
    contents = {
        "gosuslugi/2024/погода.csv": unknown,
        "smev/2024/сущность.xml": entity.encode(),
        "registers/2024/битый.xlsx": f"PK\x03\x04 {name} {snils}".encode(),
    }
    assert set(contents) == HOPELESS
    for path, content in contents.items():
        write_file(way.stage.inbox / path, content, datetime(2024, 4, 2, tzinfo=ZoneInfo("UTC")))


def _compare(marts: Marts, dump: Dump, *tables: str) -> None:
    complaints = [
        told(
            table,
            differences(
                marts[table], dump["marts"][table], GRAIN[table], BY_THE_CLOCK.get(table, ())
            ),
        )
        for table in tables or marts
    ]
    assert not any(complaints), "\n".join(filter(None, complaints))


@pytest.mark.parametrize("table", sorted(COLUMNS.keys() - COUNTED_ELSEWHERE))
def test_mart_is_what_the_sources_tell(counted: Marts, first: Dump, table: str) -> None:
    _compare(counted, first, table)


def test_oracle_has_every_case_in_it(counted: Marts) -> None:
    """The numbers compared above are no zeros and no copies of each other."""
    marts = counted
    assert {row["status"] for row in marts["indicators_monthly"]} >= {
        "off_track",
        "at_risk",
        "on_track",
        "achieved",
    }
    for name in ("is_complete", "final_plan", "goal", "fact"):
        assert len({row[name] for row in marts["indicators_monthly"]}) > 1, name
    assert any(row["forecast_due"] != row["forecast"] for row in marts["indicators_monthly"])
    assert any(row["missing_days"] for row in marts["data_freshness"])
    audience = marts["site_audience"]
    assert any(row["visits"] == 0 for row in audience)
    for name in ("pageviews", "downloads", "exits"):
        assert any(row[name] == 0 for row in marts["site_pages_monthly"]), name
        assert any(row[name] for row in marts["site_pages_monthly"]), name
    for name in ("overdue", "rated", "on_time"):
        assert any(row[name] for row in marts["service_applications_monthly"]), name
    for name in ("completion_share", "on_time_share", "average_working_days"):
        assert any(row[name] for row in marts["service_quality_monthly"]), name
    for name in ("overdue", "rejected", "repeats"):
        assert any(row[name] for row in marts["smev_requests_daily"]), name
    assert {row["channel_class"] for row in marts["smev_requests_daily"]} == {
        "interagency",
        "portal",
    }
    assert any(not row["is_active"] for row in marts["services_monthly"])


def test_columns_are_those_that_bi_knows(first: Dump) -> None:
    assert set(first["marts"]) == set(COLUMNS)
    found: dict[str, dict[str, str]] = {}
    for column in first["columns"]:
        if column["database"] == "marts":
            found.setdefault(column["table"], {})[column["name"]] = _plain_type(column["type"])
    assert found == COLUMNS


def _plain_type(declared: str) -> str:
    bare = re.sub(r"LowCardinality\((\w+)\)", r"\1", declared)
    return re.sub(r"'(\w+)' = -?\d+", r"\1", bare)


def test_every_mart_and_column_is_explained_in_russian(first: Dump) -> None:
    told_of = [one for one in first["tables"] if one["database"] == "marts"]
    told_of += [one for one in first["columns"] if one["database"] == "marts"]
    assert len(told_of) > len(COLUMNS)
    dumb = [
        f"{one.get('table', '')}.{one['name']}"
        for one in told_of
        if not re.search("[а-яё]{3}", one["comment"], re.IGNORECASE)
    ]
    assert not dumb


def test_counts_balance(way: Way, first: Dump) -> None:
    published = [one for one in first["loads"] if one["status"] == "published"]
    assert {one["source"] for one in published} == {"metrica", "gosuslugi", "smev", "registers"}
    wrong = [
        one
        for one in published
        if one["delivered"] != one["loaded"] + one["quarantined"] + one["duplicates"]
        or one["finished_at"] is None
    ]
    assert not wrong
    assert [one for one in first["loads"] if one["status"] != "published"] == []


def test_every_visit_and_hit_served_is_in_the_counts(way: Way, first: Dump) -> None:
    counts = {
        one["unit"]: one["delivered"]
        for one in first["loads"]
        if one["source"] == "metrica" and one["status"] == "published"
    }
    served: dict[str, int] = {}
    for counter in COUNTERS:
        visits_of = loaded(counter.id, FIRST_DAY, LAST_DAY)
        served |= {f"{counter.id}/{day}": 0 for day in visits_of.counter_days()}
        for visit in way.emulator.visits(counter.id, visits_of.first, visits_of.last):
            served[f"{counter.id}/{visit.day}"] += 1
        hits_of = loaded(counter.id, HITS_FIRST, HITS_LAST)
        served |= {f"{counter.id}/{day}/hits": 0 for day in hits_of.counter_days()}
        for hit in way.emulator.hits(counter.id, hits_of.first, hits_of.last):
            served[f"{counter.id}/{hit.happened.date()}/hits"] += 1
    assert counts == served


def test_every_row_sent_is_in_the_counts(way: Way, first: Dump) -> None:
    counts = [one for one in first["loads"] if one["source"] != "metrica"]
    wrong = []
    for file in way.truth.files:
        mine = [one for one in counts if one["unit"] == str(file.path)]
        delivered = sum(one["delivered"] for one in mine)
        if delivered != file.delivered:
            wrong.append(
                f"{file.path}: {file.delivered} rows sent, {delivered} in {len(mine)} loads"
            )
    assert not wrong, "\n".join(wrong)


def test_every_bad_piece_is_in_quarantine(way: Way, first: Dump) -> None:
    kept = first["quarantine"]
    assert all(one["reason"] for one in kept)
    missing = [
        bad
        for bad in way.truth.bad
        if not any(
            one["unit"] == str(bad.path)
            and (bad.line is None or one["line"] == bad.line)
            and (bad.member is None or one["sheet"] == bad.member)
            for one in kept
        )
    ]
    assert not missing
    assert len({(one["unit"], one["sheet"], one["line"]) for one in kept}) == len(way.truth.bad)


def test_no_person_and_no_secret_is_found_again(way: Way, first: Dump) -> None:
    assert first["searched"] == len(way.needles) > 1000
    assert first["found"] == []
    assert _leaks(way) == []


def _leaks(way: Way) -> list[str]:
    texts = way.stage.texts()
    assert all(f"dags test {dag}" in texts[way.stage.said] for dag in (*FILE_DAGS, BUILD))
    return [
        f"{path.relative_to(way.stage.root)}: {needle}"
        for path, text in texts.items()
        for needle in way.needles
        if needle.lower() in text
    ]


def test_inbox_is_emptied_into_the_archive(way: Way, first: Dump) -> None:
    assert [path for path in way.stage.inbox.rglob("*") if path.is_file()] == []
    assert not list(way.stage.archive.rglob("*.reason.txt"))


@pytest.mark.parametrize("name", TOLD_OTHERWISE)
def test_another_passport_over_the_same_loads(
    way: Way, told_otherwise: dict[str, Dump], name: str
) -> None:
    _compare(way.world(HERE / name, now()).marts(), told_otherwise[name])


@pytest.mark.slow
def test_second_runs_change_nothing(first: Dump, second: Dump) -> None:
    _unchanged(first, second)


@pytest.mark.slow
def test_another_order_changes_nothing(first: Dump, other: Way) -> None:
    _unchanged(first, other.stage.dump())


@pytest.mark.slow
def test_hopeless_files_are_rejected_without_a_word_of_them(other: Way) -> None:
    dump = other.stage.dump(other.needles)
    assert dump["found"] == []
    failed = {one["unit"]: one for one in dump["loads"] if one["status"] == "failed"}
    assert set(failed) == HOPELESS
    assert all(one["message"] and one["loaded"] == 0 for one in failed.values())
    reasons = list((other.stage.archive / "rejected").rglob("*.reason.txt"))
    assert len(reasons) == len(HOPELESS)
    assert all(re.search("[а-яё]{3}", path.read_text("utf-8")) for path in reasons)
    assert [path for path in other.stage.inbox.rglob("*") if path.is_file()] == []
    assert _leaks(other) == []


def _unchanged(before: Dump, after: Dump) -> None:
    complaints = [
        told(
            table,
            differences(
                before["marts"][table],
                after["marts"][table],
                GRAIN[table],
                BY_THE_CLOCK.get(table, ()),
            ),
        )
        for table in COLUMNS
    ]
    assert not any(complaints), "\n".join(filter(None, complaints))
