"""The one list of invented persons and secrets that tests plant, and how they are found again."""

from __future__ import annotations

import re

PERSONS = {
    "name": "Перехватова Аглая Митрофановна",
    "name, dative": "Перехватову Ивану Митрофановичу",
    "name, genitive": "Перехватовой Анны Митрофановны",
    "name, instrumental": "Перехватовым Петром Ивановичем",
    "name, no patronymic": "Перехватову Ивану",
    "name, small": "перехватов иван митрофанович",
    "name, Latin": "Perekhvatov Ivan Mitrofanovich",
    "name, Latin, dative": "Perekhvatovu Ivanu Mitrofanovichu",
    "name, Latin, female": "Perekhvatova Aglaya Mitrofanovna",
    "name, Latin, two words": "Sergey Perekhvatov",
    "name, Latin, capitals": "PEREKHVATOV DMITRII",
    "SNILS": "112-233-445 95",
    "INN": "500100732259",
    "passport": "4514 734159",
    "passport, blanks": "45 14 734159",
    "phone": "+7 910 555-01-37",
    "phone, digits": "89105550137",
    "phone, brackets": "8 (910) 555-01-37",
    "mail": "aglaya@perehvat.example",
    "card": "2200 7004 1234 5675",
    "policy": "7788 9900 1122 3344",
    "plate": "А123ВС57",
    "plate, Latin": "a123bc157",
    "address": "ул. Потаённая, д. 7, кв. 12",
}
"""Spellings of persons by what they are."""

SECRETS = {
    "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "key": "3f2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c",
    "session": "A1b2C3d4E5f6G7h8",
}
"""Tokens that let somebody in as a person."""

_SITE = "https://adm.example"
ADDRESSES = (
    f"{_SITE}/obrascheniya/?fio=Перехватов+Иван",
    f"{_SITE}/obrascheniya/?snils=11223344595",
    f"{_SITE}/obrascheniya/?snils=112-233-445%2095&id=5",
    f"{_SITE}/obrascheniya/?token={SECRETS['token']}",
    f"{_SITE}/lk/perekhvatov-ivan-ivanovich/",
    f"{_SITE}/lk/perekhvatov/",
    f"{_SITE}/user/89105550137/",
    f"{_SITE}/otvet/89105550137",
    f"{_SITE}/otvet/+7-910-555-01-37/",
    f"{_SITE}/otvet/aglaya%40perehvat.example",
    f"{_SITE}/otvet/aglaya@perehvat.example/",
    f"{_SITE}/password/{SECRETS['session']}",
    f"{_SITE}/otvet/{SECRETS['token']}.{SECRETS['session']}/",
    f"{_SITE}/otvet/{SECRETS['key']}",
    f"{_SITE}/otvet/{SECRETS['session']}",
    f"{_SITE}/otvet/%D0%9F%D0%B5%D1%80%D0%B5%D1%85%D0%B2%D0%B0%D1%82%D0%BE%D0%B2_%D0%98%D0%B2%D0%B0%D0%BD",
    f"{_SITE}/otvet/perekhvatovIvan",
    f"{_SITE}/otvet/?page=aglaya@perehvat.example",
    f"{_SITE}/otvet/?id=500100732259",
    f"{_SITE}/otvet/?utm_campaign={SECRETS['key']}",
    f"{_SITE}/?redirect=/lk/perekhvatov-ivan/",
    f"{_SITE}/#/lk/perekhvatov-ivan/?phone=89105550137",
    f"{_SITE}/index.php;jsessionid={SECRETS['session']}",
    "https://perekhvatov:aglaya@adm.example/",
    "mailto:aglaya@perehvat.example?subject=Перехватов",
    "tel:+79105550137",
    "file:///D:/Обмен/Перехватов/a.html",
)
"""Addresses of pages that hold them."""

_PERSONAL = (
    *("перехват", "perekhvat", "perehvat", "аглая", "aglaya", "митрофан", "mitrofan"),
    *("потаённая", "11223344595", "500100732259", "4514734159", "9105550137"),
    *("2200700412345675", "7788990011223344", "а123вс57", "a123bc157"),
)
TRACES = (*_PERSONAL, *(secret.lower() for secret in SECRETS.values()))
"""What each of them leaves in a text without blanks and punctuation; none stands in the name of a place."""


def found_in(text: str) -> set[str]:
    """The traces that a text holds, however it was punctuated or written."""
    lowered = text.lower()
    bare = re.sub(r"[\s_()+-]+", "", lowered)
    return {trace for trace in TRACES if trace in lowered or trace in bare}


def is_all_there(text: str) -> bool:
    """Whether a text holds every person of the list, so that a search of it proves something."""
    return found_in(text) >= set(_PERSONAL)
