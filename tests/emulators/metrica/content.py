"""What a small town's site and its visitors look like: pages, referers, devices, weights."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

T = TypeVar("T")

WHEEL_BITS = 10
WHEEL_MASK = (1 << WHEEL_BITS) - 1


def wheel(weighted: Iterable[tuple[float, T]]) -> tuple[T, ...]:
    """Spread items over 1024 slots by weight, so that ten random bits select one."""
    pairs = list(weighted)
    total = sum(weight for weight, _ in pairs)
    slots: list[T] = []
    done = 0.0
    for weight, item in pairs:
        done += weight
        slots.extend([item] * (round(done / total * (1 << WHEEL_BITS)) - len(slots)))
    return tuple(slots)


class Technology(NamedTuple):
    """Device, system and browser of a visitor, in the ids of the Logs API."""

    device: str
    system_root: str
    system: str
    browser: str
    version: int
    width: int
    height: int
    phone: str = ""
    model: str = ""


TECHNOLOGIES = wheel(
    [
        (22, Technology("1", "windows", "windows_10", "yandex_browser", 24, 1920, 1080)),
        (13, Technology("1", "windows", "windows_10", "chrome", 120, 1920, 1080)),
        (6, Technology("1", "windows", "windows_7", "firefox", 115, 1366, 768)),
        (3, Technology("1", "windows", "windows_11", "edge", 121, 2560, 1440)),
        (2, Technology("1", "gnu_linux", "gnu_linux", "firefox", 122, 1920, 1080)),
        (1, Technology("1", "macos", "mac_os_catalina", "safari", 17, 1440, 900)),
        (
            21,
            Technology(
                "2",
                "android",
                "android_12",
                "chromemobile",
                121,
                393,
                873,
                "xiaomi",
                "redmi_note_10",
            ),
        ),
        (
            13,
            Technology(
                "2", "android", "android_13", "yandex_mobile", 24, 360, 800, "samsung", "galaxy_a12"
            ),
        ),
        (2, Technology("2", "android", "android_11", "miui", 14, 393, 873, "xiaomi")),
        (
            10,
            Technology(
                "2", "ios", "ios_double", "safari_mobile", 16, 390, 844, "apple", "iphone_12"
            ),
        ),
        (3, Technology("3", "android", "android_10", "chromemobile", 119, 800, 1280)),
        (2, Technology("3", "ios", "ios_double", "safari_mobile", 15, 810, 1080)),
        (0.5, Technology("4", "tizen", "tizen", "samsung_internet", 5, 1920, 1080)),
        (0.5, Technology("1", "", "", "", 0, 0, 0)),
    ]
)


class Place(NamedTuple):
    """Region of a visitor: English names and geobase ids, masked or IPv6 address prefix."""

    country: str
    country_id: int
    city: str
    city_id: int
    address: str
    timezone_minutes: int = 180


PLACES = wheel(
    [
        (52, Place("Russia", 225, "Mtsensk", 20188, "178.176.72.xxx")),
        (17, Place("Russia", 225, "Oryol", 10, "95.72.14.xxx")),
        (16, Place("Russia", 225, "Moscow", 213, "2a00:1fa0:42d8:1c3d::xxx")),
        (5, Place("Russia", 225, "Tula", 15, "85.174.3.xxx")),
        (3, Place("Russia", 225, "Saint Petersburg", 2, "188.170.83.xxx")),
        (3, Place("Russia", 225, "", 0, "176.59.41.xxx")),
        (2, Place("Belarus", 149, "Minsk", 157, "37.214.11.xxx")),
        (1, Place("Germany", 96, "Berlin", 177, "2a02:6b8::xxx", 60)),
        (1, Place("", 0, "", 0, "")),
    ]
)

SOURCES = wheel(
    [
        (46, "organic"),
        (26, "direct"),
        (11, "referral"),
        (6, "social"),
        (4, "internal"),
        (2, "messenger"),
        (1.5, "ad"),
        (1, "saved"),
        (1, "recommend"),
        (0.6, "email"),
        (0.4, "qrcode"),
        (0.3, "undefined"),
        (0.2, "external"),
    ]
)
SIGNIFICANT = wheel([(70, "organic"), (20, "referral"), (10, "social")])

SEARCH_ENGINES = wheel(
    [
        (78, ("yandex", "yandex_search")),
        (8, ("yandex", "yandex_mobile")),
        (11, ("google", "google_search")),
        (2, ("mail_ru", "mail_ru_search")),
        (1, ("bing", "bing_search")),
    ]
)

REFERERS: dict[str, tuple[str, ...]] = {
    "organic": wheel(
        [
            (60, "https://yandex.ru/"),
            (25, "https://ya.ru/"),
            (14, "https://www.google.com/"),
            (1, 'https://yandex.ru/search/?text="администрация Мценска" O\'Нил'),
        ]
    ),
    "referral": wheel(
        [
            (40, "https://www.gosuslugi.ru/600101/1/info"),
            (30, "https://orel-region.example/index.php?head=1&unit=2"),
            (15, "https://новости-мценска.example/лента/?стр=2"),
            (8, "https://forum.example/viewtopic.php?f=4&t=17#p1024"),
            (4, "http://school-1.example/links.html?title=Ссылки\tи адреса"),
            (3, "https://gazeta.example/номер/?название=Мценский\u2028край"),
        ]
    ),
    "social": wheel([(70, "https://vk.com/away.php"), (30, "https://ok.ru/dk?st.cmd=outLink")]),
    "internal": ("https://{site}/",),
    "external": ("https://web.telegram.org/",),
    "recommend": ("https://dzen.ru/",),
    "undefined": ("file:///C:\\Users\\admin\\Рабочий стол\\ссылки.html",),
}
SOCIAL_NETWORKS = {"https://vk.com/away.php": "vkontakte"}
SOCIAL_NETWORK_ELSE = "odnoklassniki"

UTM: dict[str, tuple[str, str, str]] = {
    "ad": ("yandex", "cpc", "{campaign_id}"),
    "email": ("rassylka", "email", "дайджест"),
    "qrcode": ("qr", "offline", "mfc"),
}

LONG_QUERY = "&".join(f"filter%5B{n}%5D=постановление-{n}" for n in range(60))

ENTRY_PAGES = wheel(
    [
        (24, "/"),
        (9, "/novosti/"),
        (6, "/novosti/?page=2"),
        (5, "/novosti/2024/blagoustroystvo-parka/"),
        (6, "/administratsiya/struktura/"),
        (5, "/administratsiya/kontakty/#map"),
        (8, "/uslugi/"),
        (5, "/uslugi/reestr.php?id=17&type=electronic"),
        (4, "/uslugi/arhivnaya-spravka/"),
        (5, "/dokumenty/postanovleniya/?year=2023&sort=date"),
        (3, "/документы/решения совета/"),
        (3, "/%D0%B4%D0%BE%D0%BA%D1%83%D0%BC%D0%B5%D0%BD%D1%82%D1%8B/"),
        (3, "/obrascheniya/forma/?from=main#top"),
        (0.5, "/obrascheniya/status/?email=ivan.petrov@mail.example&phone=79990000000"),
        (3, "/zhkh/grafik-otklyucheniy/"),
        (2, "/vakansii/"),
        (2, "/turizm/mtsensk-krepost/"),
        (2, "/index.php?option=com_content&view=article&id=204"),
        (1, "/files/pravila zemlepolzovaniya.pdf"),
        (0.3, '/search/?q="генеральный план" мценск'),
        (0.3, "/search/?q=O'Генри и д'Артаньян"),
        (0.2, "/search/?q=таблица\tмероприятий"),
        (0.2, "/search/?q=первая\nвторая"),
        (0.2, "/search/?q=возврат\rкаретки"),
        (0.2, "/search/?q=C:\\Документы\\новый файл.docx"),
        (0.2, "/search/?q=линия\u2028абзац\u2029конец\u0085строки"),
        (0.2, "/search/?" + LONG_QUERY),
    ]
)
END_PAGES = wheel(
    [
        (30, "/administratsiya/kontakty/"),
        (30, "/uslugi/"),
        (30, "/novosti/"),
        (9, "/obrascheniya/forma/otpravleno/"),
        (1, "/search/?q='итог' \\ конец"),
    ]
)

PARAMETERS = wheel(
    [
        (90, ()),
        (6, ("раздел",)),
        (2, ("форма", "o'k")),
        (1, ('файл "Устав"', "a\\b", "")),
        (1, ("таб\tстрока\nконец",)),
    ]
)

GOALS = (
    (301_204_001, "Отправка обращения", "action"),
    (301_204_002, "Скачивание документа", "file"),
    (301_204_003, "Переход на портал Госуслуг", "url"),
)

PAGE_VIEWS = wheel(
    [(46, 1), (21, 2), (12, 3), (8, 4), (5, 5), (3, 6), (2, 8), (1.5, 11), (1, 17), (0.5, 34)]
)

LOST_PAGE = "/staryi-razdel/"
MIDDLE_PAGES = wheel(
    [
        (20, "/novosti/"),
        (14, "/uslugi/"),
        (12, "/administratsiya/struktura/"),
        (10, "/dokumenty/postanovleniya/?year=2023&sort=date"),
        (9, "/uslugi/arhivnaya-spravka/"),
        (9, "/документы/решения совета/"),
        (8, "/zhkh/grafik-otklyucheniy/"),
        (7, "/"),
        (6, "/obrascheniya/forma/?from=main#top"),
        (2, LOST_PAGE + "index.html"),
        (1, '/search/?q="приём граждан"\tчасы'),
    ]
)
FILES = wheel(
    [
        (30, "/files/ustav.pdf"),
        (25, "/files/pravila zemlepolzovaniya.pdf"),
        (20, "/документы/постановление № 17.docx"),
        (15, "/files/forma-zayavleniya.docx?v=2#blank"),
        (9, "/upload/iblock/3f2/otchet.xlsx"),
        (1, "/files/приложение 'А'\\план.zip"),
    ]
)
LINKS = wheel(
    [
        (60, "https://www.gosuslugi.ru/structure/5700000010000003"),
        (25, "https://orel-region.example/index.php?head=1"),
        (15, "https://vk.com/mtsensk_adm"),
    ]
)
# Page titles by the beginning of the path; the first that matches counts.
TITLES = (
    ("/novosti/", "Новости — Администрация города Мценска"),
    ("/administratsiya/", "Администрация"),
    ("/uslugi/", 'Услуги: "электронные" и очные'),
    ("/dokumenty/", "Документы"),
    ("/документы/", "Решения совета / год\\номер"),
    ("/obrascheniya/", "Обращения граждан: форма\tи порядок"),
    ("/zhkh/", "График отключений\nводы"),
    ("/search/", "Поиск O'Нил\u2028по сайту"),
    (LOST_PAGE, "Страница не найдена"),
    ("/", "Официальный сайт администрации"),
)
