"""The catalogue of municipal services: its history and its dated exports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from tests.emulators.inbox.clock import MOSCOW, last_day, months
from tests.emulators.inbox.tables import Cell, Table, write_file, xlsx_bytes
from tests.emulators.inbox.truth import Service

_PREFIX = "57000000000001636"
_MUNICIPAL = "муниципальная"
_DELEGATED = "переданная государственная"


@dataclass(frozen=True, slots=True)
class Listed:
    """One service over the years: when it went online, opened and closed; term in working days."""

    name: str
    term: int
    weight: int
    online_from: date | None = None
    closed_after: date | None = None
    opened: date = date(2016, 1, 1)
    level: str = _MUNICIPAL


SERVICES: tuple[Listed, ...] = (
    Listed("Выдача градостроительного плана земельного участка", 14, 9, date(2020, 3, 1)),
    Listed("Постановка на учёт детей в дошкольные учреждения", 7, 12, date(2019, 9, 1)),
    Listed("Выдача разрешения на строительство", 5, 5, date(2020, 3, 1)),
    Listed("Выдача разрешения на ввод объекта в эксплуатацию", 5, 3, date(2021, 2, 1)),
    Listed("Запись в общеобразовательную организацию", 3, 6, date(2021, 4, 1)),
    Listed(
        "Предварительное согласование предоставления земельного участка", 20, 6, date(2022, 9, 1)
    ),
    Listed("Предоставление земельного участка без проведения торгов", 20, 5, date(2023, 3, 1)),
    Listed("Присвоение адреса объекту адресации", 8, 6, date(2023, 10, 16)),
    Listed("Уведомление о планируемом строительстве жилого дома", 7, 4, date(2024, 4, 1)),
    Listed("Постановка на учёт нуждающихся в жилых помещениях", 25, 3, date(2025, 1, 9)),
    Listed("Выдача разрешения на снос зелёных насаждений", 10, 3, date(2025, 9, 1)),
    Listed("Согласование переустройства помещения", 20, 2, date(2027, 3, 1)),
    Listed("Перевод жилого помещения в нежилое", 25, 1),
    Listed("Выдача архивных справок", 15, 6),
    Listed("Выдача выписки из реестра муниципального имущества", 7, 2),
    Listed("Предоставление имущества в аренду", 25, 1),
    Listed("Выдача разрешения на установку рекламной конструкции", 20, 1),
    Listed("Согласование проведения земляных работ", 7, 3),
    Listed("Признание помещения непригодным для проживания", 30, 1),
    Listed("Приём уведомлений о проведении публичных мероприятий", 3, 1),
    Listed("Предоставление мест захоронения", 1, 2),
    Listed("Выдача копий правовых актов", 10, 2, None, date(2023, 6, 30)),
    Listed("Регистрация трудовых договоров с физическими лицами", 5, 1, None, date(2024, 12, 31)),
    Listed("Установление тарифов муниципальных предприятий", 30, 1, None, None, date(2022, 7, 1)),
    Listed("Назначение опекуна", 10, 2, date(2022, 6, 1), level=_DELEGATED),
    Listed("Выдача разрешения на изменение имени ребёнка", 10, 1, level=_DELEGATED),
    Listed("Компенсация родительской платы", 10, 4, date(2021, 1, 1), level=_DELEGATED),
    Listed("Назначение субсидии на оплату жилья", 10, 4, date(2024, 7, 1), level=_DELEGATED),
)
"""24 municipal services and 4 delegated ones."""


def service_code(number: int) -> str:
    """The 19-digit register number: neighbours differ in the tail that a float would lose."""
    return f"{_PREFIX}{number:02d}"


_MSU = frozenset(map(service_code, (0, 1, 2, 3, 4, 5, 7, 9, 11, 13)))
"""The approved list of services (МСЗУ); the exports of April and October do not show it."""


def history(until: date) -> list[Service]:
    """All validities that a catalogue of the day `until` lists, ends after it not yet known."""
    return [
        replace(one, valid_to=None if one.valid_to and one.valid_to > until else one.valid_to)
        for number, listed in enumerate(SERVICES)
        for one in _validities(service_code(number), listed)
        if one.valid_from <= until
    ]


def _validities(code: str, listed: Listed) -> Iterator[Service]:
    def validity(electronic: bool, since: date, until: date | None) -> Service:
        return Service(code, listed.name, listed.level, electronic, since, until)

    if listed.online_from is None:
        yield validity(False, listed.opened, listed.closed_after)
        return
    yield validity(False, listed.opened, listed.online_from - timedelta(days=1))
    yield validity(True, listed.online_from, listed.closed_after)


_HEADINGS = (
    (
        "Код услуги",
        "Наименование",
        "Уровень",
        "Электронная подача",
        "Действует с",
        "Действует по",
        "МСЗУ",
    ),
    (
        "№ п/п",
        "Реестровый номер",
        "Наименование услуги",
        "Уровень услуги",
        "Способы подачи",
        "Действует с",
        "Действует по",
        "Правовой акт",
    ),
)


def write_catalogues(
    folder: Path, first_month: date, last_month: date, seed: int
) -> Iterator[tuple[Path, list[Service]]]:
    """Write the exports of January, April, July and October; yields path and listed rows."""
    for month in months(first_month, last_month):
        if month != first_month and month.month % 3 != 1:
            continue
        formed = datetime(month.year, month.month, 3, 10, 15, tzinfo=MOSCOW)
        rows = history(last_day(month))
        table = _table(rows, formed, Random(f"{seed}/catalogue/{month}"))
        path = folder / f"{month.year}" / f"Перечень услуг на {formed:%d.%m.%Y}.xlsx"
        yield write_file(path, xlsx_bytes(table, sheet="Услуги"), formed), rows


def _table(rows: Sequence[Service], formed: datetime, rng: Random) -> Table:
    by_channels = formed.month in (4, 10)
    return Table(
        headings=_HEADINGS[by_channels],
        rows=[
            _by_channels(number, one, rng) if by_channels else _by_flag(one, rng)
            for number, one in enumerate(rows, start=1)
        ],
        title_rows=(
            "Администрация Мценского района",
            f"Перечень услуг, сформирован {formed:%d.%m.%Y}",
        ),
        column_numbers=by_channels,
    )


def _by_flag(one: Service, rng: Random) -> Sequence[Cell]:
    flag = rng.choice(("да", "Да")) if one.is_electronic else rng.choice(("нет", "Нет"))
    msu = "да" if one.code in _MSU else "нет"
    return (one.code, one.name, one.level, flag, one.valid_from, one.valid_to, msu)


def _by_channels(number: int, one: Service, rng: Random) -> Sequence[Cell]:
    ways = rng.choice(("лично", "МФЦ; лично", "лично, МФЦ, почта"))
    portals = rng.choice(("ЕПГУ; ", "ЕПГУ; РПГУ; ", "РПГУ; ")) if one.is_electronic else ""
    since = f"{one.valid_from:%d.%m.%Y}"
    until = f"{one.valid_to:%d.%m.%Y}" if one.valid_to else ""
    level = one.level.capitalize()
    return (number, one.code, one.name, level, portals + ways, since, until, "Постановление")
