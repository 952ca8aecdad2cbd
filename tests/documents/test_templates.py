"""A template that cannot be filled is refused in Russian: paragraph or table, tag, what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from municipal_indicators import settings
from municipal_indicators.documents.word import check_template
from municipal_indicators.errors import ConfigurationError

SHIPPED = settings.REPOSITORY / "reference" / "report" / "report.docx"


def test_the_shipped_template_is_whole() -> None:
    check_template(SHIPPED)


def _cell(document: Any, row: int, text: str) -> None:
    document.tables[1].rows[row].cells[0].text = text


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda one: one.paragraphs[2].add_run("{{ programm }}"),
            r"абзац 3: {{ programm }}: имени programm нет; есть changes, .*programme",
        ),
        (
            lambda one: one.paragraphs[2].add_run("{{ programme }"),
            r"абзац 3: метка не закрыта: «{{ programme }}»{{ programme }",
        ),
        (
            lambda one: _cell(one, 2, "{{ row.nmae }}"),
            r"таблица 2, строка 3: {{ row.nmae }}: в таблице indicators нет столбца nmae; есть .*name",
        ),
        (
            lambda one: _cell(one, 3, ""),
            r"таблица 2, строка 2: {%tr for row in indicators %} не закрыт: добавьте endfor",
        ),
        (
            lambda one: _cell(one, 1, "{%tr for row in indicator %}"),
            r"строка 2: {%tr for row in indicator %}: это не цикл по таблице; .*indicators, money",
        ),
        (
            lambda one: _cell(one, 1, "{%tr repeat %}"),
            r"строка 2: {%tr repeat %}: неизвестная команда; есть for, endfor",
        ),
        (
            lambda one: one.paragraphs[2].add_run("{% endif %}"),
            r"абзац 3: {% endif %} ничего не закрывает",
        ),
        (
            lambda one: one.paragraphs[2].add_run("{{ programme + }}"),
            r"абзац 3: {{ programme \+ }} не читается",
        ),
        (
            lambda one: one.sections[0].footer.paragraphs[0].add_run("{{ who }}"),
            r"нижний колонтитул раздела 1: {{ who }}: имени who нет",
        ),
    ],
)
def test_a_spoilt_template_names_the_place(
    tmp_path: Path, spoil: Callable[[Any], Any], said: str
) -> None:
    document = Document(str(SHIPPED))
    spoil(document)
    path = tmp_path / "report.docx"
    document.save(str(path))
    with pytest.raises(ConfigurationError, match=said) as caught:
        check_template(path)
    assert str(path) in str(caught.value)


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    path.write_bytes(b"no archive")
    with pytest.raises(
        ConfigurationError, match=r"шаблон не читается .*: это должен быть файл \.docx"
    ):
        check_template(path)
