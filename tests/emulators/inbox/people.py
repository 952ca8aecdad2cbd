"""Invented persons with valid checksums, to be planted where personal data really sits."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cache
from random import Random

_SURNAMES = ("Анисимов", "Беляев", "Воробьёв", "Горбунов", "Дементьев", "Жданов", "Климов")
_NAMES = ("Алексей", "Борис", "Виктор", "Григорий", "Денис", "Евгений", "Кирилл", "Леонид")
_PATRONYMICS = ("Андреевич", "Васильевич", "Геннадьевич", "Игоревич", "Львович", "Юрьевич")
_STREETS = ("Ленина", "Мира", "Тургенева", "Советская", "Гагарина", "Катукова", "Кузьмина")


@dataclass(frozen=True, slots=True)
class Person:
    """What one invented applicant would leave in a register or a message."""

    name: str
    snils: str
    inn: str
    passport: str
    phone: str
    email: str
    address: str


def planted(persons: Sequence[Person]) -> frozenset[str]:
    """Every string of the persons that must never be found again."""
    return frozenset(text for one in persons for text in astuple(one))


@cache
def crowd(seed: int, size: int = 300) -> tuple[Person, ...]:
    """The persons of an inbox, the same for the same seed."""
    rng = Random(f"{seed}/people")
    return tuple(_person(rng, number) for number in range(size))


def _person(rng: Random, number: int) -> Person:
    return Person(
        name=f"{rng.choice(_SURNAMES)} {rng.choice(_NAMES)} {rng.choice(_PATRONYMICS)}",
        snils=snils(f"{rng.randrange(20_000_000, 199_999_999):09d}"),
        inn=inn(f"57{rng.randrange(10**8):08d}"),
        passport=f"54 {rng.randrange(1, 24):02d} {rng.randrange(100_000, 999_999)}",
        phone=f"+7 (920) {rng.randrange(100, 999)}-{rng.randrange(10, 99)}-{number % 90 + 10}",
        email=f"zayavitel{number}.{rng.randrange(1000, 9999)}@example.ru",
        address=(
            f"303030, Орловская обл., г. Мценск, ул. {rng.choice(_STREETS)}, "
            f"д. {rng.randrange(1, 120)}, кв. {number + 1}"
        ),
    )


def snils(digits: str) -> str:
    """The number of nine digits with its control sum, as `112-233-445 95`."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 0, -1), strict=True))
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]} {total % 101 % 100:02d}"


def inn(digits: str) -> str:
    """The taxpayer number of a person: ten digits with two control digits."""
    weights = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
    for used in (weights[1:], weights):
        total = sum(int(digit) * weight for digit, weight in zip(digits, used, strict=True))
        digits += str(total % 11 % 10)
    return digits
