"""The visit fields of the Logs API (docs/metrica-api.md#fields), and how each is taken from a visit."""

from collections.abc import Callable, Iterable

from tests.emulators.metrica import content, tsv
from tests.emulators.metrica.hits import watch_ids
from tests.emulators.metrica.style import Builder, Cell, Style
from tests.emulators.metrica.visits import Traffic, Visit


def _number(value: Callable[[Visit], int]) -> Builder:
    return lambda style: lambda visit: str(value(visit))


def _text(value: Callable[[Visit], str]) -> Builder:
    return lambda style: lambda visit: tsv.escape(value(visit))


def _constant(cell: str) -> Builder:
    return lambda style: lambda visit: cell


def _numbers(value: Callable[[Visit], Iterable[int]]) -> Builder:
    return lambda style: lambda visit: tsv.number_array(value(visit))


def _strings(value: Callable[[Visit], Iterable[str]]) -> Builder:
    return lambda style: lambda visit: tsv.string_array(value(visit), style.dialect)


def _start(style: Style) -> Cell:
    return lambda visit: style.instant(visit.started)


def _goal_times(style: Style) -> Cell:
    return lambda visit: tsv.string_array(
        [style.instant(moment) for _, moment in visit.goals], style.dialect
    )


def _parsed(level: int) -> Builder:
    return _strings(lambda visit: visit.parameters[level - 1 : level])


def _utm(place: int) -> Callable[[Visit], str]:
    return lambda visit: content.UTM.get(visit.last_source, ("", "", ""))[place]


def _orientation(visit: Visit) -> int:
    technology = visit.visitor.technology
    return 1 if technology.height > technology.width else 2


def _screen_format(visit: Visit) -> str:
    technology = visit.visitor.technology
    ratios = {(1920, 1080): "16:9", (2560, 1440): "16:9", (1440, 900): "16:10"}
    return ratios.get((technology.width, technology.height), "undefined")


PLAIN: dict[str, Builder] = {
    "visitID": _number(lambda v: v.visit_id),
    "counterID": _number(lambda v: v.counter_id),
    "watchIDs": _numbers(watch_ids),
    "date": lambda style: lambda v: str(v.started.date()),
    "dateTime": lambda style: lambda v: str(v.started),
    "dateTimeUTC": _start,
    "isNewUser": _number(lambda v: v.is_new_user),
    "bounce": _number(lambda v: v.bounce),
    "startURL": _text(lambda v: v.start_url),
    "endURL": _text(lambda v: v.end_url),
    "referer": _text(lambda v: v.referer),
    "pageViews": _number(lambda v: v.page_views),
    "visitDuration": _number(lambda v: v.duration),
    "ipAddress": _text(lambda v: v.visitor.place.address),
    "regionCountry": _text(lambda v: v.visitor.place.country),
    "regionCity": _text(lambda v: v.visitor.place.city),
    "regionCountryID": _number(lambda v: v.visitor.place.country_id),
    "regionCityID": _number(lambda v: v.visitor.place.city_id),
    "clientID": _number(lambda v: v.client_id),
    "counterUserIDHash": _number(lambda v: v.user_hash),
    "goalsID": _numbers(lambda v: (goal for goal, _ in v.goals)),
    "goalsSerialNumber": _numbers(lambda v: range(1, len(v.goals) + 1)),
    "goalsDateTime": _goal_times,
    "goalsPrice": _numbers(lambda v: (0 for _ in v.goals)),
    "goalsOrder": _strings(lambda v: ("" for _ in v.goals)),
    "goalsCurrency": _strings(lambda v: ("RUB" for _ in v.goals)),
    "from": _constant(""),
    "browserLanguage": _constant("ru"),
    "browserCountry": _constant("ru"),
    "clientTimeZone": _number(lambda v: v.visitor.place.timezone_minutes),
    "deviceCategory": _text(lambda v: v.visitor.technology.device),
    "mobilePhone": _text(lambda v: v.visitor.technology.phone),
    "mobilePhoneModel": _text(lambda v: v.visitor.technology.model),
    "operatingSystemRoot": _text(lambda v: v.visitor.technology.system_root),
    "operatingSystem": _text(lambda v: v.visitor.technology.system),
    "browser": _text(lambda v: v.visitor.technology.browser),
    "browserEngine": _text(lambda v: "Gecko" if v.browser == "firefox" else "WebKit"),
    "browserMajorVersion": _number(lambda v: v.visitor.technology.version),
    "browserMinorVersion": lambda style: lambda v: "0" if v.visitor.technology.version else "",
    "browserEngineVersion1": _constant("537"),
    "browserEngineVersion2": _constant("36"),
    "browserEngineVersion3": _constant(""),
    "browserEngineVersion4": _constant(""),
    "cookieEnabled": _constant("1"),
    "javascriptEnabled": _constant("1"),
    "screenFormat": _text(_screen_format),
    "screenColors": _constant("24"),
    "screenOrientation": _number(_orientation),
    "screenOrientationName": _text(lambda v: ("portrait", "landscape")[_orientation(v) - 1]),
    "screenWidth": _number(lambda v: v.visitor.technology.width),
    "screenHeight": _number(lambda v: v.visitor.technology.height),
    "physicalScreenWidth": _number(lambda v: v.visitor.technology.width),
    "physicalScreenHeight": _number(lambda v: v.visitor.technology.height),
    "windowClientWidth": _number(lambda v: v.visitor.technology.width),
    "windowClientHeight": _number(lambda v: v.visitor.technology.height * 9 // 10),
    "networkType": _constant(""),
    # Documented with the placeholder only, but clients of 2022-2026 request them without one
    # (docs/metrica-api.md#fields).
    "UTMSource": _text(_utm(0)),
    "UTMMedium": _text(_utm(1)),
    "UTMCampaign": _text(_utm(2)),
    "UTMContent": _constant(""),
    "UTMTerm": _constant(""),
} | {f"parsedParamsKey{level}": _parsed(level) for level in range(1, 11)}

ByModel = Callable[[Visit, Traffic], str]


def _engine_root(visit: Visit, seen: Traffic) -> str:
    return seen.search_engine_root


def _direct_order(visit: Visit, seen: Traffic) -> str:
    return str(10_000_000 + visit.visit_id % 90_000_000) if seen.source == "ad" else ""


def _messengers(visit: Visit, seen: Traffic) -> str:
    steps = [""] * (visit.page_views % 4) + ["telegram"] if seen.source == "messenger" else []
    return tsv.gap_array(steps)


def _recommenders(visit: Visit, seen: Traffic) -> str:
    return tsv.gap_array(["dzen"] if seen.source == "recommend" else ["", ""])


def _utm_by_model(place: int) -> ByModel:
    return lambda visit, seen: tsv.escape(content.UTM.get(seen.source, ("", "", ""))[place])


def _always(cell: str) -> ByModel:
    return lambda visit, seen: cell


ATTRIBUTED: dict[str, ByModel] = {
    "TrafficSource": lambda visit, seen: seen.source,
    "AdvEngine": lambda visit, seen: seen.adv_engine,
    "ReferalSource": lambda visit, seen: tsv.escape(seen.referal_source),
    "SearchEngineRoot": _engine_root,
    "SearchEngine": lambda visit, seen: seen.search_engine,
    "SocialNetwork": lambda visit, seen: seen.social_network,
    "SocialNetworkProfile": _always(""),
    "DirectClickOrder": _direct_order,
    "DirectBannerGroup": _direct_order,
    "DirectClickBanner": lambda visit, seen: "M-" + o if (o := _direct_order(visit, seen)) else "",
    "DirectClickOrderName": lambda visit, seen: "{campaign}" if seen.source == "ad" else "",
    "DirectClickBannerGroupName": _always(""),
    "ClickBannerGroupName": _always(""),
    "DirectPhraseOrCond": _always(""),
    "DirectPlatformType": lambda visit, seen: "search" if seen.source == "ad" else "",
    "DirectPlatform": lambda visit, seen: "yandex.ru" if seen.source == "ad" else "",
    "DirectConditionType": _always(""),
    "CurrencyID": _always("RUB"),
    "RecommendationSystem": _recommenders,
    "Messenger": _messengers,
    "UTMSource": _utm_by_model(0),
    "UTMMedium": _utm_by_model(1),
    "UTMCampaign": _utm_by_model(2),
    "UTMContent": _always(""),
    "UTMTerm": _always(""),
    "openstatAd": _always(""),
    "openstatCampaign": _always(""),
    "openstatService": _always(""),
    "openstatSource": _always(""),
    "hasGCLID": _always("0"),
    "HasGCLID": _always("0"),
    "GCLID": _always(""),
    "hasSBCLID": _always("0"),
    "SBCLID": _always(""),
}
