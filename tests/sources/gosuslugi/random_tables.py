"""Tables as people make them: facts, the many ways to write each, and the layouts around them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import xlsxwriter
import yaml
from hypothesis import strategies as st

from municipal_indicators import settings
from tests.emulators.inbox.tables import Cell, zip_bytes

KEY = b"a-key-that-only-tests-know"
MOSCOW = ZoneInfo("Europe/Moscow")
MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
EXTRA = ["Внутренний комментарий", "Папка хранения", "Колонка 7", "Вес дела, кг", ""]
TITLES = [
    "Администрация города",
    "Отчёт сформирован 05.03.2024 10:15",
    "Период: 01.01.2024 - 31.03.2024",
    "Реестр",
    "",
]
SERVICES = [
    "Выдача градостроительного плана",
    'Присвоение адреса; "срочное"',
    "Постановка на учёт,\nпервичная",
    "Услуга\u00a0по  справке",
    "Разрешение\r\nна строительство",
]
DEPARTMENTS = ["Отдел архитектуры", "Архив", "МКУ «Центр»; второй этаж", "Бухгалтерия\n(главная)"]

Draw = st.DrawFn
Said = tuple[dict[str, Any], Cell]
"""What a cell adds to the columns of core, and the cell."""


@dataclass(frozen=True)
class Kind:
    """One kind of table: where its rows go, its columns there, and how a row is drawn."""

    name: str
    target: str
    fields: Mapping[str, bool]
    """Fields of headings.yaml; True for those that a table may leave out."""
    columns: str
    draw: Callable[[Draw, bool, int], dict[str, Said]]
    """The cells of one row by field."""
    defaults: Mapping[str, Any]


@dataclass(frozen=True)
class Arrival:
    """One file and, by kind, the rows (sheet, line, …columns) that must be read out of it."""

    name: str
    content: bytes
    expected: Mapping[str, Sequence[tuple[Any, ...]]]


def reference(name: str) -> Any:
    """A readable file of ``reference/``."""
    return yaml.safe_load((settings.REFERENCE / name).read_text("utf-8"))


def words(listed: Sequence[Any]) -> list[str]:
    """The words of a list that any of the encodings can write, without patterns."""
    texts = [str(word) for word in listed]
    return [
        one
        for one in texts
        if "*" not in one and one.encode("cp1251", "ignore").decode("cp1251") == one
    ]


@st.composite
def arrivals(draw: Draw, kinds: Sequence[Kind]) -> Arrival:
    """A workbook or a CSV, alone or packed, of tables of these kinds."""
    is_workbook = draw(st.booleans())
    since = draw(st.sampled_from([0, 0, 1462])) if is_workbook else 0
    count = draw(st.integers(1, 2)) if is_workbook else 1
    packing = draw(st.sampled_from(["", "", ".zip", ".gz"]))
    member = "выгрузка.xlsx" if is_workbook else "выгрузка.csv"
    labels = ["Реестр", "Лист2"] if is_workbook else [""]
    sheets: list[tuple[str, list[list[Cell]], bool]] = []
    expected: dict[str, list[tuple[Any, ...]]] = {kind.target: [] for kind in kinds}
    for label in labels[:count]:
        kind = draw(st.sampled_from(kinds))
        grid, rows = _table(draw, kind, is_workbook, since)
        place = " / ".join(filter(None, [member if packing == ".zip" else "", label]))
        expected[kind.target] += [(place, *row) for row in rows]
        sheets.append((label, grid, False))
        if draw(st.booleans()):
            sheets.append((f"Копия {label}", grid, True))
    if is_workbook:
        beside: list[list[Cell]] = [["Значение", "Пояснение"], ["а", "первое"]]
        sheets.insert(draw(st.integers(0, len(sheets))), ("Справочник", beside, False))
        sheets.insert(draw(st.integers(0, len(sheets))), ("Лист3", [], False))
        content = _workbook(sheets, date_1904=bool(since))
    else:
        content = delimited(draw, sheets[0][1])
    if packing == ".zip":
        content = zip_bytes({member: content}, datetime(2024, 3, 5, tzinfo=UTC))
    elif packing == ".gz":
        content = gzip.compress(content, mtime=0)
    return Arrival(member + packing, content, expected)


def _table(
    draw: Draw, kind: Kind, is_workbook: bool, since: int
) -> tuple[list[list[Cell]], list[tuple[Any, ...]]]:
    names = [name for name, may_lack in kind.fields.items() if not may_lack or draw(st.booleans())]
    extra = draw(st.lists(st.sampled_from(EXTRA), max_size=2))
    order = draw(st.permutations([*names, *(f"extra {place}" for place in range(len(extra)))]))
    headings = {f"extra {place}": text for place, text in enumerate(extra)}
    synonyms = reference("headings.yaml")[kind.name]
    for name in names:
        headings[name] = heading(draw, draw(st.sampled_from(words(synonyms[name]))))
    grid: list[list[Cell]] = [
        [title] for title in draw(st.lists(st.sampled_from(TITLES), max_size=5))
    ]
    grid.append([headings[name] for name in order])
    if draw(st.booleans()):
        grid.append(list(range(1, len(order) + 1)))
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        grid += draw(st.sampled_from([[], [], [[]], [[""] * len(order)]]))
        found = kind.draw(draw, is_workbook, since)
        facts = dict(kind.defaults)
        for name in names:
            facts |= found[name][0]
        cells = {name: cell for name, (_, cell) in found.items()}
        grid.append([cells[name] if name in cells else draw(NOISE) for name in order])
        rows.append((len(grid), *(facts[name] for name in kind.columns.split(", "))))
    if draw(st.booleans()):
        grid += draw(st.sampled_from([[], [[]]]))
        grid.append([draw(st.sampled_from(["Итого", "ВСЕГО:", "Итого по реестру"])), len(rows)])
        grid += draw(st.sampled_from([[], [["Исполнитель: отдел"]]]))
    return grid, rows


NOISE: st.SearchStrategy[Cell] = st.sampled_from(
    ["", "для служебного пользования", "17", 3.5, "н/д"]
)


def heading(draw: Draw, text: str) -> str:
    """A known heading as somebody may have typed it."""
    text = draw(st.sampled_from([text, text.upper(), text.lower(), text.capitalize()]))
    text = text.replace(*draw(st.sampled_from([("ё", "е"), ("е", "ё"), ("Е", "Ё")])))
    text = text.replace(" ", draw(st.sampled_from([" ", "\u00a0", "  ", "\n"])))
    before, after = (
        draw(st.sampled_from(["", " "])),
        draw(st.sampled_from(["", ".", "...", " :", "*"])),
    )
    return before + text + after


def spelled(draw: Draw, day: date, is_workbook: bool, since: int) -> Cell:
    """A day as text or, in a workbook, as a date or a serial number."""
    serial = (day - date(1899, 12, 30)).days
    texts: list[Cell] = [
        f"{day:%d.%m.%Y}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day:%d.%m.%y}",
        f"{day:%d/%m/%Y}",
        f"{day:%d.%m.%Y} г.",
        f"{day:%d.%m.%Y} 09:05",
        f"{day:%d.%m.%Y} 23:59:59",
        f"{day}",
        f"{day} 00:00:00",
        f"{day}T10:00:00+03:00",
        f"{day}T10:00:00.000+0300",
        f"{day}T20:59:59Z",
        f"{day:%Y/%m/%d}",
        f"{day.day} {MONTHS[day.month - 1]} {day.year} г.",
        f"«{day:%d}» {MONTHS[day.month - 1]} {day.year} года",
        f"\u00a0{day:%d.%m.%Y} ",
    ]
    if is_workbook:
        moment = datetime.combine(day, time(13, 45))
        texts += [day, moment, serial - since, *([f"{serial}"] if not since else [])]
    else:
        texts += [f"{serial}", f"{serial},385"]
    return draw(st.sampled_from(texts))


def moment_spelled(draw: Draw, moment: datetime, is_workbook: bool) -> Cell:
    """A wall clock of Moscow, to the minute."""
    abroad = moment.replace(tzinfo=MOSCOW).astimezone(UTC)
    texts: list[Cell] = [
        f"{moment:%d.%m.%Y %H:%M}",
        f"{moment:%d.%m.%Y %H:%M:%S}",
        f"{moment:%d.%m.%y %H:%M}",
        f"{moment:%Y-%m-%d %H:%M}",
        f"{moment:%Y-%m-%dT%H:%M:%S}+03:00",
        f"{moment:%Y-%m-%dT%H:%M:%S}.000+0300",
        f"{abroad:%Y-%m-%dT%H:%M:%S}Z",
        f"{moment.day} {MONTHS[moment.month - 1]} {moment.year} г. {moment:%H:%M}",
        *([moment] if is_workbook else []),
    ]
    return draw(st.sampled_from(texts))


def code(draw: Draw, is_workbook: bool, least: int, most: int) -> tuple[str, Cell]:
    """Digits of any length as text; short ones of a workbook also as a number."""
    texts = st.text("0123456789", min_size=least, max_size=most)
    # A number of a mobile phone would be masked.
    digits = draw(texts.filter(lambda text: not (len(text) == 11 and text[:2] in ("79", "89"))))
    as_number = is_workbook and len(digits) < 15 and digits[0] != "0" and draw(st.booleans())
    return digits, int(digits) if as_number else digits


# Before the dates that titles give their tables, also 60 days later: nothing is filed after its file.
DAYS = st.dates(date(2015, 1, 1), date(2023, 12, 31))


def _application(draw: Draw, is_workbook: bool, since: int) -> dict[str, Said]:
    number, number_cell = code(draw, is_workbook, 1, 19)
    service, service_cell = code(draw, is_workbook, 8, 19)
    filed = draw(DAYS)
    name = draw(st.sampled_from(SERVICES))
    channel, channel_text = draw(st.sampled_from(CHANNELS))
    group, status = draw(st.sampled_from(STATUSES))
    moment = datetime.combine(filed, draw(st.times())).replace(second=0, microsecond=0)
    moment += timedelta(days=draw(st.integers(0, 60)))
    due_on, days, due = _due(draw, filed, is_workbook, since)
    kind, applicant = draw(st.sampled_from(APPLICANTS))
    rating = draw(st.sampled_from([None, 1, 2, 3, 4, 5]))
    at = moment.replace(tzinfo=MOSCOW).astimezone(UTC).replace(tzinfo=None)
    is_final = group in ("provided", "refused", "withdrawn")
    return {
        "application_number": ({"application_key": _key(number)}, number_cell),
        "service_code": ({"service_code": service}, service_cell),
        "service_name": ({}, name),
        "filed_at": ({"filed_on": filed}, spelled(draw, filed, is_workbook, since)),
        "channel": ({"channel": channel}, channel_text),
        "status": ({"status_group": group}, status),
        "status_at": (
            {"status_at": at, "finished_on": moment.date() if is_final else None},
            moment_spelled(draw, moment, is_workbook),
        ),
        "due": ({"due_on": due_on, "due_working_days": days}, due),
        "applicant_type": ({"applicant_type": kind}, applicant),
        "rating": ({"rating": rating}, draw(st.sampled_from(ABSENT)) if rating is None else rating),
    }


def _due(
    draw: Draw, filed: date, is_workbook: bool, since: int
) -> tuple[date | None, int | None, Cell]:
    days = draw(st.integers(1, 90))
    match draw(st.sampled_from(["day", "days", "nothing"])):
        case "day":
            due = filed + timedelta(days=days)
            return due, None, spelled(draw, due, is_workbook, since)
        case "days":
            forms: list[Cell] = [days, f"{days}", f"{days} рабочих дней", f"{days} раб. дн."]
            return None, days, draw(st.sampled_from(forms))
    return None, None, draw(st.sampled_from(ABSENT))


def _service(draw: Draw, is_workbook: bool, since: int) -> dict[str, Said]:
    number, number_cell = code(draw, is_workbook, 8, 19)
    name = draw(st.sampled_from(SERVICES))
    level, level_text = draw(st.sampled_from(LEVELS))
    is_electronic, said = draw(
        st.sampled_from([*FLAGS, (True, "ЕПГУ; МФЦ"), (False, "МФЦ, лично"), (True, "лично\nРПГУ")])
    )
    begins = draw(DAYS)
    ends = draw(st.sampled_from([None, begins, begins + timedelta(days=400)]))
    end = (
        draw(st.sampled_from([*words(WORDS["open_ended"]), ""]))
        if ends is None
        else spelled(draw, ends, is_workbook, since)
    )
    return {
        "service_code": ({"service_code": number}, number_cell),
        "service_name": ({"service_name": " ".join(name.split())}, name),
        "level": ({"level": level}, level_text),
        "electronic": ({"is_electronic": is_electronic}, said),
        "valid_from": ({"valid_from": begins}, spelled(draw, begins, is_workbook, since)),
        "valid_to": ({"valid_to": ends}, end),
    }


def _workplace(draw: Draw, is_workbook: bool, since: int) -> dict[str, Said]:
    number, number_cell = code(draw, is_workbook, 1, 12)
    department = draw(st.sampled_from(DEPARTMENTS))
    day = draw(DAYS)
    answers = {
        name: draw(st.sampled_from(FLAGS)) for name in ("has_pc", "has_protection", "has_edms")
    }
    return {
        "number": ({"number": number}, number_cell),
        "department": ({"department": " ".join(department.split())}, department),
        **{name: ({name: answer}, text) for name, (answer, text) in answers.items()},
        "as_of": ({"as_of": day}, spelled(draw, day, is_workbook, since)),
    }


def _key(number: str) -> str:
    return hmac.new(KEY, number.encode(), hashlib.sha256).hexdigest()


def _meanings(content: Mapping[str, Sequence[Any]]) -> list[tuple[str, str]]:
    return [(meaning, word) for meaning, listed in content.items() for word in words(listed)]


WORDS = reference("words.yaml")
ABSENT = ["", "-", "н/д", "—"]
FLAGS = [(True, word) for word in words(WORDS["yes"])] + [
    (False, word) for word in words(WORDS["no"])
]
LEVELS = _meanings(WORDS["levels"])
APPLICANTS = [*_meanings(WORDS["applicant_types"]), ("прочее", "община")]
CHANNELS = _meanings(reference("channels.yaml"))
STATUSES = [
    one
    for one in _meanings(reference("statuses.yaml")["texts"])
    # A message is no status: its date does not count.
    if one[0] != "message"
]

APPLICATIONS = Kind(
    "service_applications",
    "core.service_application_rows",
    {
        "application_number": False,
        "service_code": False,
        "service_name": True,
        "filed_at": False,
        "channel": False,
        "status": False,
        "status_at": False,
        "due": True,
        "applicant_type": True,
        "rating": True,
    },
    "application_key, service_code, filed_on, channel, status_group, status_at, "
    "finished_on, due_on, due_working_days, applicant_type, rating",
    _application,
    {
        "due_on": None,
        "due_working_days": None,
        "applicant_type": "прочее",
        "rating": None,
    },
)
CATALOGUE = Kind(
    "service_catalogue",
    "core.service_catalogue_rows",
    {
        "service_code": False,
        "service_name": False,
        "level": False,
        "electronic": False,
        "valid_from": False,
        "valid_to": True,
    },
    "service_code, service_name, level, is_electronic, valid_from, valid_to",
    _service,
    {"valid_to": None},
)
WORKPLACES = Kind(
    "workplaces",
    "core.workplace_rows",
    {
        "number": False,
        "department": True,
        "has_pc": False,
        "has_protection": False,
        "has_edms": False,
        "as_of": False,
    },
    "number, department, has_pc, has_protection, has_edms, as_of",
    _workplace,
    {"department": ""},
)


def _workbook(sheets: Sequence[tuple[str, list[list[Cell]], bool]], *, date_1904: bool) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "date_1904": date_1904})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    instant = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    for name, grid, is_hidden in sheets:
        sheet = book.add_worksheet(name)
        for line, row in enumerate(grid):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(line, column, cell, instant)
                elif isinstance(cell, date):
                    sheet.write_datetime(line, column, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(line, column, cell)
                elif cell is not None:
                    sheet.write_number(line, column, cell)
        if is_hidden:
            sheet.hide()
    next(
        sheet for sheet, one in zip(book.worksheets(), sheets, strict=True) if not one[2]
    ).activate()
    book.close()
    return buffer.getvalue()


def delimited(draw: Draw, grid: Sequence[Sequence[Cell]]) -> bytes:
    """A CSV in some delimiter, quoting and encoding."""
    buffer = io.StringIO(newline="")
    delimiter = draw(st.sampled_from([";", ",", "\t"]))
    if draw(st.booleans()):
        buffer.write(f"sep={delimiter}\r\n")
    quoting: Literal[0, 1] = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    ends = draw(st.sampled_from(["\r\n", "\n"]))
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    writer.writerows([_csv_text(cell) for cell in row] for row in grid)
    return buffer.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1251"])))


def _csv_text(cell: Cell) -> Cell:
    return str(cell).replace(".", ",") if isinstance(cell, float) else cell
