"""The list of fields: it fits the warehouse, and a part's heading is mapped by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.errors import ConfigurationError, MetricaError
from municipal_indicators.sources.metrica.fields import FieldList, load_fields

FIELDS = load_fields("visits")


def test_addresses_of_visitors_are_not_asked_for() -> None:
    assert not [name for name in FIELDS.names if "ip" in name.casefold().split(":")[-1]]


def test_places_follow_the_heading_and_not_the_order() -> None:
    number = len(FIELDS.names)
    assert FIELDS.places_of(FIELDS.names, "part 0") == list(range(1, number + 1))
    assert FIELDS.places_of(FIELDS.names[::-1], "part 0") == list(range(number, 0, -1))
    loose = [name.replace("lastsign", "lastSign") for name in FIELDS.names]
    assert FIELDS.places_of(loose, "part 0") == list(range(1, number + 1))


def test_an_unknown_or_missing_optional_column_is_told(caplog: pytest.LogCaptureFixture) -> None:
    heading = ["ym:s:new", *(name for name in FIELDS.names if name != "ym:s:regionCity")]
    places = dict(zip(FIELDS.names, FIELDS.places_of(heading, "part 7"), strict=True))
    assert (places["ym:s:visitID"], places["ym:s:regionCity"]) == (2, len(heading) + 1)
    assert "part 7: columns missing: ym:s:regionCity; not asked for: ym:s:new" in caplog.text


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ([n for n in FIELDS.names if n != "ym:s:visitID"], "нет ym:s:visitID"),
        ([*FIELDS.names, "ym:s:visitID"], "дважды ym:s:visitID"),
        (["<html>"], "незнакомы <html>"),
    ],
)
def test_a_heading_that_does_not_fit_is_refused(heading: list[str], told: str) -> None:
    with pytest.raises(MetricaError, match=f"part 3: заголовки не подходят.*{told}"):
        FIELDS.places_of(heading, "part 3")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "source: visits\nattribution: LAST\nfields: []\n",
            r"3: fields: список — нужно значений не меньше 1",
        ),
        (
            "source: visits\nattribution: LAST\nfields: [{name: a}]\n",
            r"3: fields\[0\]\.column: отсутствует",
        ),
        (
            "source: visits\nattribution: LAST\nfeilds: []\n",
            r"1: fields: отсутствует\.\n.*:3: feilds: незнакомый ключ; допустимы source,",
        ),
        ("source: [", "2: весь файл: это не YAML"),
    ],
)
def test_a_wrong_list_names_file_and_place(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "metrica_visits.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=rf"metrica_visits\.yaml:{told}"):
        load_fields("visits", path)


def test_a_field_may_stand_only_once_and_the_names_have_a_limit() -> None:
    first = FIELDS.fields[0]
    with pytest.raises(ValueError, match="name стоит дважды: ym:s:visitid"):
        FieldList(source="visits", attribution="LAST", fields=(first, first))
    many = tuple(
        first.model_copy(update={"name": f"ym:s:{n:0200}", "column": str(n)}) for n in range(15)
    )
    with pytest.raises(ValueError, match="разрешает Метрика: 3000 знаков"):
        FieldList(source="visits", attribution="LAST", fields=many)
