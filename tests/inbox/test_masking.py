"""Masks: what looks like a person's data goes, what the marts need stays."""

from __future__ import annotations

import pytest

from municipal_indicators.inbox.masking import MASK, mask_personal, mask_value
from tests.planted import PERSONS as PLANTED
from tests.planted import found_in

PERSONS = [
    "Иванов Иван Иванович",
    "иванов иван иванович",
    "ПЕТРОВА АННА СЕРГЕЕВНА",
    "Петровой Анны Сергеевны",
    "Петровой Анной Сергеевной",
    "Иван Иванович Петров",
    "Сидоров Пётр Кузьмич",
    "Петрова-Водкина Анна Сергеевна",
    "Алиев Вагиф Рашид оглы",
    "Смирнова Ольга",
    "Ольга Смирнова",
    "Иванов И.И.",
    "Иванов И. И.",
    "ИВАНОВ И.И.",
    "И.И. Иванов",
    "Иванов_Иван_Иванович",
    "Иванов-Иван-Иванович",
    "Ivanov_Ivan_Ivanovich",
    "112-233-445 95",
    "112-233-445_95",
    "11223344595",
    "500100732259",
    "+7 (919) 123-45-67",
    "8 919 123-45-67",
    "8_919_123_45_67",
    "89191234567",
    "(48646) 2-12-34",
    "ivan.petrov@mail.ru",
    "5401 123456",
    "54 01 № 123456",
    "ул. Ленина, д. 5, кв. 12",
    "4276 1600 1234 5670",
    "4276160012345670122",
    *PLANTED.values(),
]


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("around", ["{}", "Заявитель: {}, лично", "заявление_{}_копия.xlsx"])
def test_a_person_is_masked_in_any_surroundings(person: str, around: str) -> None:
    for mask in (mask_personal, mask_value):
        masked = mask(around.format(person))
        assert MASK in masked
        assert found_in(masked) == set()
        for word in person.replace("_", " ").replace("-", " ").split():
            assert len(word) < 4 or word not in masked


@pytest.mark.parametrize(
    "value",
    [
        "Выдача градостроительного плана земельного участка",
        "День Героя Советского Союза",
        "Управление Образования Администрации",
        "Районный дом культуры «Юность»",
        "Детский дом № 1",
        "Решение вопросов на муниципальном уровне",
        "Признание садового дома жилым домом",
        "5700000000000163601",
        "10000000109",
        "МБУ Центр Надежда",
        "Обучение работников духовной сферы",
        "Школа № 1234 5678 района",
        "Совет ветеранов города",
        "Osnovnoy park kultury",
        "",
    ],
)
def test_a_value_of_the_marts_is_kept(value: str) -> None:
    assert mask_value(value) == value


@pytest.mark.parametrize(
    "label",
    [
        "gosuslugi/2024/Выгрузка_05.03.2024 (1).xlsx",
        "gosuslugi/2024/Реестр заявлений за 03.2024.xlsx",
        "registers/Администрация Мценского района.csv",
        "smev/adapter.log.3.gz",
    ],
)
def test_a_file_can_be_told_by_its_label(label: str) -> None:
    assert mask_personal(label) == label


def test_strict_masks_go_further() -> None:
    assert mask_personal("Петров") == MASK
    assert mask_personal("Нгуен Ван Хань") == MASK
    assert mask_personal("номер 3500308079") == f"номер {MASK}"
    assert mask_personal("дом 5, корпус 2") == f"{MASK}, корпус 2"


def test_a_long_text_of_any_sign_is_read_in_one_pass() -> None:
    signs = (
        "_",
        " ",
        "а",
        "А",
        "a",
        "A",
        "1",
        "-",
        "@",
        ".",
        "а ",
        "Аа ",
        "a ",
        "1 ",
        "8 ",
        "ул.",
        "а-",
    )
    for sign in signs:
        assert mask_personal(sign * (260_000 // len(sign))) is not None
