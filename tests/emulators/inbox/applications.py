"""Monthly registers of applications in the layouts of several systems, and what they amount to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Literal

from tests.emulators.inbox.cases import DRAFT, FAILURE, Case, Stage, State, cases_filed
from tests.emulators.inbox.clock import MOSCOW, add_months, months
from tests.emulators.inbox.tables import (
    Cell,
    Table,
    csv_bytes,
    write_file,
    xlsx_bytes,
    zip_bytes,
)
from tests.emulators.inbox.truth import Application, BadPiece

WORDINGS: Mapping[Stage, Sequence[str]] = {
    "in_progress": (
        "Принято от заявителя",
        "Заявление зарегистрировано",
        "Отправлено в ведомство",
        "Принято ведомством",
        "Промежуточные результаты от ведомства",
        "Ожидание дополнительной информации",
    ),
    "provided": ("Исполнено", "Услуга оказана", "УСЛУГА ОКАЗАНА"),
    "refused": ("Отказ", "Отказано в предоставлении услуги"),
    "withdrawn": ("Отменено",),
    "unknown": ("Передано в архивный короб",),
    DRAFT: ("Черновик заявления",),
    FAILURE: ("Ошибка отправки заявления в ведомство", "Ошибка обработки заявления"),
}
CHANNELS: Mapping[str, Sequence[str]] = {
    "ЕПГУ": ("ЕПГУ", "епгу"),
    "РПГУ": ("РПГУ",),
    "МФЦ": ("МФЦ", "мфц"),
    "лично": ("Лично", "лично"),
    "почта": ("Почта", "почта"),
    "прочее": ("e-mail", "Терминал", "Выездной приём"),
}
APPLICANT_TYPES: Mapping[str, Sequence[str]] = {
    "ФЛ": ("ФЛ", "Физическое лицо"),
    "ЮЛ": ("ЮЛ", "Юридическое лицо"),
    "ИП": ("ИП", "Индивидуальный предприниматель"),
}
_EXECUTOR = "Кузнецова Ольга Викторовна"
_EXECUTOR_PHONE = "8-920-555-01-01"
EXECUTOR_DATA = frozenset({_EXECUTOR, _EXECUTOR_PHONE})


@dataclass(frozen=True, slots=True)
class Shown:
    """One case in one register: the state it shows, as of which file."""

    case: Case
    state: State
    file_order: int
    wording: str
    layout: "Layout"

    @property
    def rank(self) -> tuple[date, bool, int]:
        """Which row of a case wins: newest status date, then final, then the later file."""
        has_date = self.layout.dates_open_states or self.state.is_final
        dated = self.state.since if has_date else self.case.filed_at.date()
        return dated, self.state.is_final, self.file_order


@dataclass(frozen=True, slots=True)
class Layout:
    """How one system exports: headings in order with the writer of each cell, and its file."""

    columns: Mapping[str, Callable[[Shown], Cell]]
    required: Mapping[str, str]
    """Headings of number, service code and filing date."""
    term_in_days: bool
    dates_open_states: bool = True
    """False where the register has the date of completion only."""
    csv_encoding: Literal["utf-8-sig", "windows-1251"] | None = None
    """None is Excel."""


def _day(one: Shown) -> date:
    return one.case.filed_at.date()


def _serial(day: date) -> int:
    return (day - date(1899, 12, 30)).days


def _status_day(one: Shown) -> date:
    return one.state.since


def _completion(one: Shown) -> Cell:
    return one.state.since if one.state.is_final else None


def _channel(one: Shown) -> str:
    return _variant(CHANNELS[one.case.channel], one)


def _applicant_type(one: Shown) -> str:
    return _variant(APPLICANT_TYPES[one.case.applicant_type], one)


def _rating(one: Shown) -> Cell:
    return one.case.rating if one.state.is_final else None


def _variant(variants: Sequence[str], one: Shown) -> str:
    return variants[one.file_order % len(variants)]


def _term(one: Shown) -> int | date | None:
    if one.state.group == "unknown":
        return None
    return one.case.term if one.layout.term_in_days else one.case.due_on


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        {
            "№ п/п": lambda _: None,
            "Номер заявления": lambda one: one.case.number,
            "Код услуги": lambda one: one.case.service_code,
            "Наименование услуги": lambda one: one.case.service_name,
            "Заявитель": lambda one: one.case.person.name,
            "СНИЛС": lambda one: one.case.person.snils,
            "Телефон": lambda one: one.case.person.phone,
            "Тип заявителя": _applicant_type,
            "Дата подачи": _day,
            "Канал подачи": _channel,
            "Статус": lambda one: one.wording,
            "Дата статуса": _status_day,
            "Регламентный срок": _term,
            "Оценка": _rating,
        },
        term_in_days=False,
        required={"number": "Номер заявления", "code": "Код услуги", "filed": "Дата подачи"},
    ),
    Layout(
        {
            "Рег. номер": lambda one: one.case.number,
            "Дата поступления": lambda one: one.case.filed_at,
            "Способ подачи": _channel,
            "Идентификатор услуги": lambda one: one.case.service_code,
            "Услуга": lambda one: one.case.service_name,
            "ФИО заявителя": lambda one: one.case.person.name,
            "E-mail": lambda one: one.case.person.email,
            "Адрес": lambda one: one.case.person.address,
            "Тип заявителя": _applicant_type,
            "Текущий статус": lambda one: one.wording,
            "Дата изменения статуса": _status_day,
            "Регламентный срок, рабочих дней": _term,
            "Оценка качества": _rating,
        },
        term_in_days=True,
        csv_encoding="utf-8-sig",
        required={
            "number": "Рег. номер",
            "code": "Идентификатор услуги",
            "filed": "Дата поступления",
        },
    ),
    Layout(
        {
            "НОМЕР ЗАЯВЛЕНИЯ ЕПГУ": lambda one: one.case.number,
            "Реестровый\nномер": lambda one: one.case.service_code,
            "Услуга": lambda one: one.case.service_name,
            "Ведомство": lambda _: "Администрация Мценского района",
            "ОКТМО": lambda _: "54636000",
            "Дата и время подачи": lambda one: f"{one.case.filed_at:%d.%m.%Y %H:%M:%S}",
            "Источник": _channel,
            "Статус": lambda one: one.wording,
            "Дата статуса": lambda one: one.state.since.isoformat(),
            "Плановая дата": lambda one: _serial(one.case.due_on) if _term(one) else None,
            "Тип заявителя": _applicant_type,
            "Заявитель": lambda one: one.case.person.name,
            "ИНН": lambda one: one.case.person.inn,
            "Исполнитель": lambda _: _EXECUTOR,
            "Оценка": _rating,
        },
        term_in_days=False,
        required={
            "number": "НОМЕР ЗАЯВЛЕНИЯ ЕПГУ",
            "code": "Реестровый\nномер",
            "filed": "Дата и время подачи",
        },
    ),
    Layout(
        {
            "№ заявления": lambda one: one.case.number,
            "Наименование услуги": lambda one: one.case.service_name,
            "Код услуги": lambda one: one.case.service_code,
            "Канал подачи": _channel,
            "Дата подачи": _day,
            "Регламентный срок": _term,
            "Статус": lambda one: one.wording,
            "Дата исполнения": _completion,
            "Тип заявителя": _applicant_type,
            "Заявитель": lambda one: one.case.person.name,
            "СНИЛС": lambda one: one.case.person.snils,
            "Паспорт": lambda one: one.case.person.passport,
            "Оценка": _rating,
        },
        term_in_days=True,
        dates_open_states=False,
        csv_encoding="windows-1251",
        required={"number": "№ заявления", "code": "Код услуги", "filed": "Дата подачи"},
    ),
)
"""The layouts take turns month by month."""


@dataclass(frozen=True, slots=True)
class Register:
    """One written register of a month."""

    path: Path
    shown: tuple[Shown, ...]
    bad: tuple[BadPiece, ...]


def write_application_registers(
    folder: Path, first_month: date, last_month: date, seed: int
) -> Iterator[Register]:
    """Write a register a month: cases filed in it, and those of before that moved on."""
    cases: list[Case] = []
    for order, month in enumerate(months(first_month, last_month)):
        cases += cases_filed(month, seed)
        rng = Random(f"{seed}/register/{month}")
        layout = LAYOUTS[order % len(LAYOUTS)]
        shown = [
            Shown(case, state, order, rng.choice(WORDINGS[state.group]), layout)
            for case in cases
            if (state := case.state_in_register(month))
        ]
        rng.shuffle(shown)
        yield _write_register(folder, month, layout, shown, rng)


def _write_register(
    folder: Path, month: date, layout: Layout, shown: Sequence[Shown], rng: Random
) -> Register:
    formed_on = add_months(month, 1).replace(day=rng.randrange(3, 6))
    formed = datetime(formed_on.year, formed_on.month, formed_on.day, 8, 40, tzinfo=MOSCOW)
    rows = [[cell(one) for cell in layout.columns.values()] for one in shown]
    spoilt = _spoil(rows, layout, month, rng)
    _number_rows(rows, layout)
    table = _dressed(list(layout.columns), rows, layout, month, formed)
    path = _write_table(folder, table, layout, month, formed)
    above = len(table.title_rows) + 1 + table.column_numbers
    bad = tuple(BadPiece(path, heading, why, line=above + row + 1) for row, heading, why in spoilt)
    return Register(path, tuple(shown), bad)


def _spoil(
    rows: list[list[Cell]], layout: Layout, month: date, rng: Random
) -> list[tuple[int, str, str]]:
    """Add one row a quarter that no loader may count; returns its index, heading and fault."""
    if month.month % 3 != 2:
        return []
    headings = list(layout.columns)
    faults = (
        ("filed", "31.02.2024", "impossible date"),
        ("number", "3,50031E+09", "number damaged to E-notation"),
        ("code", "", "no service code"),
        ("filed", f"{_EXECUTOR}, {_EXECUTOR_PHONE}", "personal data in a wrong column"),
    )
    key, text, why = faults[(month.month // 3 + month.year) % len(faults)]
    row = list(rows[0])
    # A number of its own, so that the row cannot count as a state of another application.
    row[headings.index(layout.required["number"])] = f"00-{month:%Y%m}"
    heading = layout.required[key]
    row[headings.index(heading)] = text
    place = rng.randrange(len(rows) + 1)
    rows.insert(place, row)
    return [(place, heading, why)]


def _number_rows(rows: list[list[Cell]], layout: Layout) -> None:
    if "№ п/п" in layout.columns:
        for number, row in enumerate(rows, start=1):
            row[0] = number


def _dressed(
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    layout: Layout,
    month: date,
    formed: datetime,
) -> Table:
    if layout.csv_encoding:
        return Table(headings, rows)
    return Table(
        headings,
        rows,
        title_rows=(
            "Администрация Мценского района Орловской области",
            f"Реестр заявлений за {month:%m.%Y}",
            f"Отчёт сформирован {formed:%d.%m.%Y}",
        ),
        column_numbers=True,
        closing_rows=[("Итого", len(rows)), (), ("Подпись",)],
    )


def _write_table(folder: Path, table: Table, layout: Layout, month: date, formed: datetime) -> Path:
    stem = f"Выгрузка_{formed:%d.%m.%Y}"
    place = folder / f"{month.year}"
    if layout.csv_encoding is None:
        content = xlsx_bytes(table, sheet="Заявления", empty_sheets=("Лист2",))
        return write_file(place / f"{stem}.xlsx", content, formed)
    content = csv_bytes(table, encoding=layout.csv_encoding)
    if month.month == 6:
        packed = zip_bytes({f"{stem}.csv": content}, formed)
        return write_file(place / f"{stem}.zip", packed, formed)
    return write_file(place / f"{stem}.csv", content, formed)


def resolve(registers: Iterable[Register]) -> tuple[list[Application], frozenset[str]]:
    """The counted applications in their winning state, and the numbers never counted."""
    winners: dict[str, Shown] = {}
    for register in registers:
        for one in register.shown:
            best = winners.get(one.case.number)
            if best is None or one.rank > best.rank:
                winners[one.case.number] = one
    uncounted = {number for number, one in winners.items() if one.state.group in (DRAFT, FAILURE)}
    counted = [_application(one) for number, one in winners.items() if number not in uncounted]
    return sorted(counted, key=lambda one: (one.filed_on, one.number)), frozenset(uncounted)


def _application(one: Shown) -> Application:
    case, state = one.case, one.state
    return Application(
        number=case.number,
        service_code=case.service_code,
        service_name=case.service_name,
        filed_on=case.filed_at.date(),
        channel=case.channel,
        status_group=state.group,  # type: ignore[arg-type]  # drafts and failures are gone
        decided_on=state.since if state.is_final else None,
        term=_term(one),
        applicant_type=case.applicant_type,
        rating=case.rating if state.is_final else None,
    )
