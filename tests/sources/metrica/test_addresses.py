"""Addresses of pages keep host, path and listed keys; nothing of a person is left in them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import pytest

from municipal_indicators.warehouse.client import Warehouse
from tests.planted import ADDRESSES, PERSONS, found_in

SITE = "https://adm.example"


PLACES = (
    f"{SITE}/spravka/{{}}/",
    f"{SITE}/files/{{}}.pdf",
    f"{SITE}/spravka-{{}}",
    f"{SITE}/?id={{}}",
    f"{SITE}/?utm_campaign=vypusk+{{}}",
    f"{SITE}/?q={{}}",
    f"{SITE}/page#{{}}",
    f"{SITE}/index.php;jsessionid={{}}",
    f"{SITE}/index.php&fio={{}}",
    "https://{}@adm.example/",
    "mailto:{}",
    "file:///C:\\Users\\{}\\a.html",
    "{}",
)


def kept(warehouse: Warehouse, urls: Sequence[str]) -> list[str]:
    """What is kept of each, by one query: the patterns take a while to be made."""
    query = "SELECT arrayMap(url -> metrica_address(url), {urls:Array(String)})"
    return list(warehouse.value(query, {"urls": list(urls)}))


def spellings(person: str) -> set[str]:
    """A person as addresses hold one; words written together are told by their capitals."""
    together = (person.title() if person[1].isalpha() else person).replace(" ", "")
    joined = {person, together, *(person.replace(" ", sign) for sign in "_-+.")}
    return joined | {quote(one) for one in joined} | {quote(quote(one)) for one in joined}


def test_nothing_of_a_person_is_kept_of_an_address(warehouse: Warehouse) -> None:
    for url, left in zip(ADDRESSES, kept(warehouse, ADDRESSES), strict=True):
        assert found_in(left) == set(), url


@pytest.mark.parametrize("place", PLACES)
def test_no_spelling_of_a_person_is_kept_in_any_place(warehouse: Warehouse, place: str) -> None:
    urls = [place.format(one) for person in PERSONS.values() for one in spellings(person)]
    shown = [
        (url, left) for url, left in zip(urls, kept(warehouse, urls), strict=True) if found_in(left)
    ]
    assert not shown


ORDINARY = [
    "",
    f"{SITE}",
    f"{SITE}/",
    f"{SITE}:8080/novosti/",
    "adm.example/novosti/",
    "/novosti/",
    "https://новости-мценска.example/лента/",
    f"{SITE}/news/2024/05/12345",
    f"{SITE}/news/20240512/12345678/",
    f"{SITE}/news/2024-05-12-o-blagoustroystve-parka.html",
    f"{SITE}/docs/postanovlenie-ot-12.05.2024-no-345.pdf",
    f"{SITE}/docs/otchet-2022-2023-2024.pdf",
    f"{SITE}/page-2",
    f"{SITE}/novosti/?page=2&year=2024",
    f"{SITE}/index.php?option=com_content&view=article&id=204",
    f"{SITE}/документы/постановление № 17.docx",
    f"{SITE}/%D0%B4%D0%BE%D0%BA%D1%83%D0%BC%D0%B5%D0%BD%D1%82%D1%8B/",
    f"{SITE}/upload/iblock/3f2/otchet.xlsx",
    f"{SITE}/files/приложение 'А'\\план.zip",
    f"{SITE}/turizm/dom-turgeneva/",
    f"{SITE}/turizm/osnovnoy-marshrut/",
    f"{SITE}/o-veteranov-i-detej/",
    f"{SITE}/klub-nadezhda-veteranov-rajona/",
    f"{SITE}/ulica-lenina-remont/",
    "https://www.gosuslugi.ru/600101/1/info",
    f"{SITE}/?utm_campaign=дайджест",
]
LEFT = [
    (f"{SITE}/novosti/?page=2&fio=Иванов&from=main#top", f"{SITE}/novosti/?page=2"),
    (f"{SITE}/a/?q=парк", f"{SITE}/a/"),
    (f"{SITE}/a/?id=1&ID=a@b.ru&id=", f"{SITE}/a/?id=1&ID=***&id="),
    (f"{SITE}/lk/ivanov-ivan-ivanovich/zayavki", f"{SITE}/lk/***"),
    (f"{SITE}/LK/ivanov", f"{SITE}/LK/***"),
    (f"{SITE}/lk/", f"{SITE}/lk/"),
    (f"{SITE}/a/Ivanov_Ivan.pdf/b", f"{SITE}/a/***/b"),
    (f"{SITE}/index.jsp;jsessionid=A1B2C3D4E5", f"{SITE}/index.jsp"),
    ("https://user:pa55@adm.example:8080/a", "https://adm.example:8080/a"),
    ("tel:+79161234567", "***"),
    ("file:///C:\\Users\\ivanov\\a.html", "***"),
    ("Заявление о приёме", "***"),
    (f"{SITE}/%C8%E2%E0%ED%EE%E2/a", f"{SITE}/***/a"),
]


def test_an_ordinary_address_stays_as_it_is(warehouse: Warehouse) -> None:
    assert kept(warehouse, ORDINARY) == ORDINARY


def test_what_is_left(warehouse: Warehouse) -> None:
    assert kept(warehouse, [url for url, _ in LEFT]) == [left for _, left in LEFT]


def test_a_long_address_of_any_sign_is_read_in_one_pass(warehouse: Warehouse) -> None:
    signs = ("_", "a", "A", "1", "а", "%", "@", "/", "=", "&", "a1", "aB", "-a", "%25")
    urls = [f"{SITE}/{key}{sign * 100_000}" for sign in signs for key in ("", "?id=")]
    assert len(kept(warehouse, urls)) == len(urls)
