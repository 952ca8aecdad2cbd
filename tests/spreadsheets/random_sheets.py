"""Random workbooks of registers as people lay them out, and the facts that a person reads in them.

A layout is drawn first, then written in one of the formats. Nothing here calls the code that reads. What a
person could read in two ways is not drawn; the comments say where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.emulators.inbox.tables import Cell
from tests.sources.gosuslugi.random_tables import (
    FLAGS,
    Draw,
    heading,
    reference,
    spelled,
    words,
)
from tests.spreadsheets.merged_sheets import Drawn, Fact, written
from tests.spreadsheets.register_words import (
    CORE,
    DEPARTMENTS,
    EVENTS,
    EXTRA,
    ITEMS,
    MERGED,
    MONEY,
    NAMES,
    NOISE,
    OPTIONAL,
    SIGNED,
    SORTS,
    SOURCES,
    SUMMED,
    TITLES,
    TOTALS,
    UNITS,
    UPPER,
    count,
    day_lines,
)

FORMATS = ("xlsx", "xls", "ods", "xml", "html", "csv")


@dataclass(frozen=True)
class Workbook:
    """One file. ``facts`` are (kind, (sheet, line, …columns of core)) in their order.

    ``totals`` are sheets and lines of complete total rows, which core may keep without an item.
    ``warned`` are codes of warnings that must be given, and of no other sheet.
    """

    name: str
    content: bytes = field(repr=False)
    facts: Sequence[tuple[str, Fact]]
    totals: frozenset[tuple[str, int]]
    tables: int
    warned: frozenset[str]
    grids: Sequence[Drawn] = field(repr=False)


@st.composite
def workbooks(draw: Draw, formats: Sequence[str] = FORMATS) -> Workbook:
    """A file of one to three sheets with one to three tables each."""
    form = draw(st.sampled_from(formats))
    most = 1 if form in ("csv", "xls") else 3
    named = form in ("xlsx", "ods", "xml")
    sheets = []
    for number in range(draw(st.integers(1, most))):
        sheets.append(Drawn(f"Лист {number + 1}" if named else ""))
        for _ in range(draw(st.integers(1, 3))):
            _table(draw, sheets[-1], form, draw(st.sampled_from(list(CORE))))
    if form == "html" and len(sheets) > 1:
        for number, sheet in enumerate(sheets, 1):
            sheet.name = f"table {number}"
    read = list(sheets)
    warned = set()
    if named and draw(st.booleans()):
        hidden = Drawn("Черновик", is_hidden=True)
        _table(draw, hidden, form, draw(st.sampled_from(list(CORE))))
        sheets.insert(draw(st.integers(0, len(sheets))), hidden)
        warned.add("hidden_sheet")
    if named and draw(st.booleans()):
        summary = Drawn(draw(st.sampled_from(["Свод", "Итого по городу"])))
        _table(draw, summary, form, draw(st.sampled_from(list(CORE))))
        if any(set(sheet.kinds) & set(summary.kinds) for sheet in read):
            warned.add("summary_sheet")
        else:
            read.append(summary)
        sheets.insert(draw(st.integers(0, len(sheets))), summary)
    label = {id(sheet): sheet.name or ("Лист1" if form == "xls" else "") for sheet in sheets}
    return Workbook(
        f"реестр.{'xls' if form in ('xml', 'html') else form}",
        written(draw, sheets, form),
        [(kind, (label[id(one)], *fact)) for one in read for kind, fact in one.facts],
        frozenset((label[id(one)], line) for one in read for line in one.totals),
        sum(len(one.kinds) for one in read),
        frozenset(warned),
        sheets,
    )


@dataclass
class _Layout:
    """The columns of a table: in blocks that stay together, each below an upper heading or none."""

    kind: str
    names: list[str]
    texts: dict[str, str]
    blocks: list[tuple[str, list[str]]]
    scale: int = 1
    unit: str = ""
    unit_place: str = ""
    has_numbers: bool = False

    @property
    def order(self) -> list[str]:
        return [name for _, names in self.blocks for name in names]

    @property
    def has_storeys(self) -> bool:
        return any(upper for upper, _ in self.blocks)


def _table(draw: Draw, sheet: Drawn, form: str, kind: str) -> None:
    """A table below what the sheet holds already."""
    is_first = not sheet.rows
    day = draw(st.dates(date(2019, 1, 1), date(2023, 12, 31)))
    layout = _layout(draw, kind, form)
    says_day = kind != "events" and "as_of" not in layout.names
    if not is_first:
        for _ in range(draw(st.integers(0, 2))):
            sheet.add()
    # What a table does not say, the table above it says.
    if says_day and sheet.day and draw(st.booleans()):
        day, says_day = sheet.day, False
    if layout.unit_place == "title" and sheet.scale and draw(st.booleans()):
        layout.scale, layout.unit_place = sheet.scale, ""
    _titles(draw, sheet, layout, day if says_day else None)
    _headings(draw, sheet, layout, form)
    _body(draw, sheet, layout, form, day)
    sheet.kinds.append(kind)


def _layout(draw: Draw, kind: str, form: str) -> _Layout:
    synonyms = reference("headings.yaml")[kind]
    names = [name for name in synonyms if name not in ("as_of", "unit")]
    names = [name for name in names if name not in OPTIONAL[kind] or draw(st.booleans())]
    if kind != "events" and draw(st.booleans()):
        names.append("as_of")
    texts = {name: heading(draw, draw(st.sampled_from(words(synonyms[name])))) for name in synonyms}
    layout = _Layout(kind, names, texts, [], has_numbers=draw(st.booleans()))
    if kind == "budget":
        layout.scale, spellings = draw(st.sampled_from(UNITS))
        layout.unit = draw(st.sampled_from(spellings))
        layout.unit_place = draw(
            st.sampled_from(["title", "heading", "upper", "row", "column", "cell"])
        )
        if layout.unit_place == "column":
            names.append("unit")
        if layout.unit_place == "heading":
            for name in ("plan", "executed"):
                texts[name] = f"{draw(st.sampled_from(words(synonyms[name])))}, {layout.unit}"
    blocks = [("", [name]) for name in names]
    others = [("", [f"extra {place}"]) for place in range(draw(st.integers(0, 2)))]
    for _, (name,) in others:
        texts[name] = draw(st.sampled_from(EXTRA))
    grouped: list[tuple[str, list[str]]] = []
    if layout.unit_place == "upper":
        upper = f"{draw(st.sampled_from(MONEY))}, {layout.unit}"
        grouped = [(upper, ["plan", "executed"])]
    elif kind == "departments" and draw(st.integers(0, 3)) == 0:
        texts |= {"other 0": texts["required"], "other 1": texts["equipped"]}
        grouped = [("Всего", ["required", "equipped"]), ("Принтеры", ["other 0", "other 1"])]
    elif draw(st.booleans()):
        size = draw(st.integers(2, len(names)))
        grouped = [(draw(st.sampled_from(UPPER)), list(draw(st.permutations(names)))[:size])]
    inside = {name for _, some in grouped for name in some}
    blocks = [one for one in blocks if one[1][0] not in inside]
    layout.blocks = list(draw(st.permutations([*blocks, *others, *grouped])))
    return layout


def _titles(draw: Draw, sheet: Drawn, layout: _Layout, day: date | None) -> None:
    width = len(layout.order)
    lines: list[list[Cell]] = [
        [text] for text in draw(st.lists(st.sampled_from(TITLES), max_size=2))
    ]
    if day:
        lines += [draw(st.sampled_from(day_lines(day)))]
        sheet.day = day
    if layout.unit_place == "title":
        unit = layout.unit
        said = [f"({unit})", f"Единица измерения: {unit}", unit, f"в {unit}"]
        if day and len(lines[-1]) == 1 and draw(st.booleans()):
            lines[-1] = [f"{lines[-1][0]}, {unit}"]
        else:
            lines.append([draw(st.sampled_from(said))])
        sheet.scale = layout.scale
    for line in lines:
        is_right = len(line) == 1 and width > 2 and draw(st.integers(0, 3)) == 0
        row = sheet.add([*[""] * (width - 1), *line] if is_right else line)
        if len(line) == 1 and not is_right and draw(st.booleans()):
            sheet.merge(row, 0, 1, width)


def _headings(draw: Draw, sheet: Drawn, layout: _Layout, form: str) -> None:
    """The headings of one page: one or two storeys, a row of units, a row of numbers."""
    order = layout.order
    lower: list[Cell] = [layout.texts[name] for name in order]
    if layout.has_storeys:
        upper: list[Cell] = []
        for text, names in layout.blocks:
            upper += [text, *[""] * (len(names) - 1)] if text else [layout.texts[names[0]]]
        top = sheet.add(upper)
        place = 0
        for text, names in layout.blocks:
            if text:
                sheet.merge(top, place, 1, len(names))
            else:
                lower[place] = ""
                sheet.merge(top, place, 2, 1)
            place += len(names)
    sheet.add(lower)
    if layout.unit_place == "row":
        sheet.add([layout.unit if name in ("plan", "executed") else "" for name in order])
    if layout.has_numbers:
        sheet.add(_column_numbers(draw, order))


def _column_numbers(draw: Draw, order: Sequence[str]) -> list[Cell]:
    as_text = draw(st.booleans())
    return [str(place) if as_text else place for place in range(1, len(order) + 1)]


def _body(draw: Draw, sheet: Drawn, layout: _Layout, form: str, day: date) -> None:
    size = draw(st.integers(1, 8))
    rows = [_row(draw, layout, form, day, place) for place in range(size)]
    total_on_top = draw(st.integers(0, 4)) == 0 and layout.kind in ("departments", "budget")
    if total_on_top:
        _total(draw, sheet, layout, rows)
        if draw(st.booleans()):
            sheet.add(["в том числе:"])
    done = 0
    while done < size:
        if done:
            _between(draw, sheet, layout, form)
        run = rows[done : done + draw(st.integers(1, size - done))]
        _share(draw, sheet, layout, form, run)
        done += len(run)
    is_closed = not total_on_top and draw(st.booleans())
    if is_closed:
        if draw(st.integers(0, 3)) == 0:
            sheet.add()
        _total(draw, sheet, layout, rows)
        if layout.kind in ("departments", "budget") and draw(st.booleans()):
            _parts(draw, sheet, layout, rows)
    if draw(st.booleans()):
        # Without a total or a blank row a line is told from data by its word only, which is enough.
        for text in draw(st.lists(st.sampled_from(SIGNED), max_size=2)):
            sheet.add([text])


def _row(
    draw: Draw, layout: _Layout, form: str, day: date, place: int
) -> dict[str, tuple[Any, Any]]:
    """The fact and the cell of each column."""
    is_workbook = form in ("xlsx", "ods")
    found: dict[str, tuple[Any, Any]] = {"as_of": (day, "")}
    if "as_of" in layout.names:
        found["as_of"] = day, spelled(draw, day, is_workbook, 0)
    match layout.kind:
        case "workplaces":
            found["number"] = (f"АРМ-{100 + place}",) * 2
            name = draw(st.sampled_from(DEPARTMENTS))
            found["department"] = name, name
            for flag in SUMMED["workplaces"]:
                found[flag] = draw(st.sampled_from(FLAGS))
        case "departments":
            name = f"{DEPARTMENTS[place % 6]}{' 2' * (place // 6)}"
            found["department"] = name, name
            required = draw(st.integers(2, 2_000))
            equipped = draw(st.integers(2, required))
            found["required"] = required, count(draw, required)
            found["equipped"] = equipped, count(draw, equipped)
            for other in ("other 0", "other 1"):
                found[other] = None, draw(st.integers(0, 9))
        case "events":
            held = draw(st.dates(date(2019, 1, 1), date(2023, 12, 31)))
            found["held_on"] = held, spelled(draw, held, is_workbook, 0)
            title = draw(st.sampled_from(EVENTS))
            found["title"] = title, title
            sort = draw(st.sampled_from(SORTS))
            found["kind"] = sort, sort
        case "budget":
            found["year"] = (draw(st.integers(2020, 2023)),) * 2
            found["item"] = (ITEMS[place],) * 2
            found["unit"] = "", layout.unit
            # No row is by chance the sum of others: their kopecks are different powers of two.
            plan = Decimal(draw(st.integers(1, 999_999)) * 10_000 + 2 ** (place + 1)) / 100
            cash = Decimal(draw(st.integers(1, 999_999)) * 10_000 + 2**place) / 100
            found["plan"] = plan, _money(draw, layout, plan)
            found["executed"] = cash, _money(draw, layout, cash)
    for name in layout.order:
        if name.startswith("extra"):
            number = layout.texts[name] == "№ п/п"
            found[name] = None, place + 1 if number else draw(st.sampled_from(NOISE))
    return found


def _money(draw: Draw, layout: _Layout, roubles: Decimal) -> Cell:
    amount = roubles / layout.scale
    text = f"{amount:,f}".replace(",", draw(st.sampled_from(["", " ", "\u00a0"]))).replace(".", ",")
    if layout.unit_place == "cell":
        return f"{text} {layout.unit}"
    spellings: list[Cell] = [text, float(amount)]
    return draw(st.sampled_from(spellings))


def _share(
    draw: Draw, sheet: Drawn, layout: _Layout, form: str, run: list[dict[str, tuple[Any, Any]]]
) -> None:
    """Rows below each other, some columns of which are merged into one cell."""
    shared = [
        name
        for name in MERGED[layout.kind]
        if name in layout.order and len(run) > 1 and draw(st.booleans())
    ]
    for name in shared:
        for row in run:
            row[name] = run[0][name]
    order = layout.order
    first = len(sheet.rows)
    columns = CORE[layout.kind][1].split(", ")
    for row in run:
        line = sheet.add([row[name][1] for name in order])
        known = {name: row[name][0] for name in columns if name in row}
        for name in OPTIONAL[layout.kind]:
            if name not in layout.names:
                known[name] = ""
        sheet.facts.append((layout.kind, (line + 1, *(known[name] for name in columns))))
    if form == "csv":
        # Excel would leave all but the first cell blank: then nobody knows what they were.
        return
    for name in shared:
        sheet.merge(first, order.index(name), len(run), 1)


def _between(draw: Draw, sheet: Drawn, layout: _Layout, form: str) -> None:
    """What stands between two rows of a table: nothing, a blank row, a group, or the end of a page."""
    match draw(st.sampled_from(["", "", "blank", "group", "page", "numbers", "order"])):
        case "blank":
            sheet.add()
        case "group":
            row = sheet.add(
                [draw(st.sampled_from(["Раздел 2", "Группа Б", "Подпрограмма 1 «Связь»"]))]
            )
            if draw(st.booleans()):
                sheet.merge(row, 0, 1, len(layout.order))
        case "numbers":
            sheet.add(_column_numbers(draw, layout.order))
        case ("page" | "order") as name:
            if draw(st.booleans()):
                sheet.add(["Продолжение таблицы"])
            if name == "order":
                layout.blocks = list(draw(st.permutations(layout.blocks)))
            _headings(draw, sheet, layout, form)


def _total(
    draw: Draw, sheet: Drawn, layout: _Layout, rows: Sequence[dict[str, tuple[Any, Any]]]
) -> None:
    """A total row: its word stands in the column of names, or in the first one that holds no sum."""
    order = layout.order
    name = NAMES[layout.kind]
    sums = SUMMED[layout.kind]
    places = [order.index(name)] if name in order else []
    # In a column of units it would replace the unit.
    others = [column for column, one in enumerate(order) if one not in (*sums, "unit")]
    if others[0] == 0 or not places:
        places.append(others[0])
    place = draw(st.sampled_from(places))
    cells: list[Cell] = [""] * len(order)
    for column, one in enumerate(order):
        if one not in sums:
            continue
        numbers = [row[one][0] for row in rows]
        if layout.kind == "budget":
            cells[column] = _money(draw, layout, sum(numbers, Decimal()))
        else:
            cells[column] = sum(numbers)
    if "unit" in order:
        cells[order.index("unit")] = layout.unit
    # Beside «Итого» as a title a count in the column of dates could be a damaged date: it is quarantined.
    if layout.kind == "events" and place + 1 < len(order) and order[place + 1] != "held_on":
        counts: list[Cell] = ["", len(rows)]
        cells[place + 1] = draw(st.sampled_from(counts))
    # «Итого» as the date of a row of a year is quarantined.
    if (
        layout.kind == "budget"
        and order[place] != "as_of"
        and draw(st.booleans())
        and len({row["year"][0] for row in rows}) == 1
    ):
        cells[order.index("year")] = rows[0]["year"][1]
    cells[place] = draw(st.sampled_from(TOTALS))
    line = sheet.add(cells)
    sheet.totals.add(line + 1)


def _parts(
    draw: Draw, sheet: Drawn, layout: _Layout, rows: Sequence[dict[str, tuple[Any, Any]]]
) -> None:
    """Two parts of the total above, which add up to it; neither is blank, so that the last one is known."""
    order = layout.order
    name = NAMES[layout.kind]
    place = (
        order.index(name)
        if name in order
        else next(
            place for place, one in enumerate(order) if one not in (*SUMMED[layout.kind], "unit")
        )
    )
    words_of = draw(st.sampled_from([("в том числе:", ""), ("", "в том числе "), ("", "из них ")]))
    if words_of[0]:
        sheet.add([*[""] * place, words_of[0]])
    for number, text in enumerate(SOURCES):
        cells: list[Cell] = [""] * len(order)
        cells[place] = (words_of[1] if not number else "") + text
        for column, one in enumerate(order):
            if one not in SUMMED[layout.kind]:
                continue
            whole: Any = sum(row[one][0] for row in rows)
            part: Any = Decimal(100) if layout.kind == "budget" else 1
            value = part if not number else whole - part
            cells[column] = _money(draw, layout, value) if layout.kind == "budget" else value
        if "unit" in order:
            cells[order.index("unit")] = layout.unit
        sheet.add(cells)
