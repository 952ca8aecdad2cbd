"""What made-up values consist of, and the other ways to count one of them."""

from __future__ import annotations

from datetime import date

HOSTILE = "<b>&</script><script>alert(1)</script>"

# Kind, its parts (name, numerator, denominator), and the files of all of them.
PARTS: dict[str, tuple[str, list[tuple[str, float | None, float | None]], list[str]]] = {
    "site_visitors_growth": (
        "site_month",
        [(f"Официальный сайт, {n:02}.2026", 2000.0 - 150 * n, 1300.0 + n) for n in range(1, 7)],
        [
            *(
                f"счётчик 11: 01.0{n}.{year}–28.0{n}.{year}"
                for n in range(1, 7)
                for year in (2022, 2026)
            )
        ],
    ),
    "eservices_share": (
        "service",
        [
            (
                f"57000000000001636{n:02} Выдача разрешения № {n} {HOSTILE * (n == 2)}",
                float(n > 11),
                1,
            )
            for n in range(1, 25)
        ],
        ["Перечень услуг на 03.04.2026.xlsx, лист «Услуги»"],
    ),
    "smev_requests": (
        "sender",
        [(f"FNS{n:03}, Сведения о доходах, вид {n}", 640.0 // n, None) for n in range(1, 81)],
        [f"smev-{n:03}.log.gz" for n in range(1, 181)],
    ),
    "departments_equipped_share": (
        "department",
        [
            *((name, 0.0, 1.0) for name in ("Архивный отдел", "Отдел ЖКХ", "Отдел опеки")),
            *((f"Отдел № {n}", 1.0, 1.0) for n in range(1, 43)),
        ],
        [f"Оснащённость {HOSTILE}.xlsx, лист «Лист1»"],
    ),
    "secured_workplaces_share": (
        "workplaces",
        [(f"Управление № {n}", float(min(n, 9)), 9.0) for n in range(1, 17)],
        ["Рабочие места.xlsx, лист «АРМ»"],
    ),
    "ict_events": (
        "event",
        [(f"{n:02}.03.2025 Семинар по защите информации № {n}", 1.0, None) for n in range(1, 22)],
        ["Мероприятия 2025.xlsx"],
    ),
}
WAYS = (
    (
        "catalogue",
        "по перечню услуг",
        "перечень услуг: Перечень.xlsx, от 03.04.2026",
        15.0,
        24.0,
        "",
    ),
    ("msu_list", "по перечню МСЗУ", "", None, None, "в перечне услуг нет столбца «МСЗУ»"),
    ("applications", "по заявлениям", "заявления с 01.01.2026 по 28.06.2026", 812.0, 1200.0, ""),
)

ANNOTATIONS = f"""month;indicator;text
2025-03;eservices_share;Закрыт один из порталов {HOSTILE}
2024-06;eservices_share;Перечень услуг пересмотрен
2019-01;eservices_share;Раньше программы
"""

_NONE = (None,) * 2
# Of the headline month: a goal of this year, a goal of a later one, one that is reached, one without history.
FORECASTS = (
    (
        *(
            date(2026, 6, 1),
            "smev_requests",
            "rule",
            1667.3,
            1640.0,
            1702.5,
            1667.3,
            1640.0,
            1702.5,
        ),
        *(0.9, 1.0, 9, f"В девяти похожих случаях {HOSTILE} ошибка была от −4 % до +5 %."),
    ),
    (
        *(date(2026, 6, 1), "site_visitors_growth", "damped", 44.0, *_NONE, 57.9, 52.1, 61.3),
        *(0.4, 0.5, 9, "Ошибки."),
    ),
    (
        *(date(2026, 6, 1), "ict_events", "rule", 26.0, 26.0, 29.0, 26.0, 26.0, 29.0),
        *(1.0, 1.0, 9, ""),
    ),
    (
        *(date(2026, 6, 1), "eservices_share", "rule", 50.0, *_NONE, 50.0, *_NONE),
        *(*_NONE, 2, "К концу 2027 года: мало истории."),
    ),
)
