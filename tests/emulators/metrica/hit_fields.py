"""The hit fields of the Logs API (docs/metrica-api.md#fields), and how each is taken from a hit."""

from collections.abc import Callable

from tests.emulators.metrica import content, tsv
from tests.emulators.metrica.hits import Hit
from tests.emulators.metrica.style import Builder, Style
from tests.emulators.metrica.visit_fields import ATTRIBUTED, PLAIN
from tests.emulators.metrica.visits import traffic

# The fields of a hit that describe visitor, device and region of its visit, under the same names.
SHARED = (
    "counterID",
    "clientID",
    "counterUserIDHash",
    "ipAddress",
    "regionCountry",
    "regionCity",
    "regionCountryID",
    "regionCityID",
    "browser",
    "browserMajorVersion",
    "browserMinorVersion",
    "browserEngine",
    "browserEngineVersion1",
    "browserEngineVersion2",
    "browserEngineVersion3",
    "browserEngineVersion4",
    "browserLanguage",
    "browserCountry",
    "clientTimeZone",
    "cookieEnabled",
    "javascriptEnabled",
    "deviceCategory",
    "mobilePhone",
    "mobilePhoneModel",
    "operatingSystem",
    "operatingSystemRoot",
    "screenColors",
    "screenFormat",
    "screenHeight",
    "screenOrientation",
    "screenOrientationName",
    "screenWidth",
    "physicalScreenHeight",
    "physicalScreenWidth",
    "windowClientHeight",
    "windowClientWidth",
    "from",
    "networkType",
)
LAST = (
    "TrafficSource",
    "SearchEngineRoot",
    "SearchEngine",
    "AdvEngine",
    "SocialNetwork",
    "SocialNetworkProfile",
)
ALWAYS = {
    "artificial": "0",
    "iFrame": "0",
    "isTurboPage": "0",
    "isTurboApp": "0",
    "pageCharset": "utf-8",
    "hasGCLID": "0",
    "GCLID": "",
    "hasSBCLID": "0",
    "SBCLID": "",
    "openstatAd": "",
    "openstatCampaign": "",
    "openstatService": "",
    "openstatSource": "",
    "UTMContent": "",
    "UTMTerm": "",
    "recommendationSystem": "",
    "messenger": "",
    "params": "",
    "ecommerce": "",
    "shareService": "",
    "shareURL": "",
    "shareTitle": "",
}


def _number(value: Callable[[Hit], int]) -> Builder:
    return lambda style: lambda hit: str(value(hit))


def _text(value: Callable[[Hit], str]) -> Builder:
    return lambda style: lambda hit: tsv.escape(value(hit))


def _constant(cell: str) -> Builder:
    return lambda style: lambda hit: cell


def _of_visit(name: str) -> Builder:
    def build(style: Style) -> Callable[[Hit], str]:
        cell = PLAIN[name](style)
        return lambda hit: cell(hit.visit)

    return build


def _last(name: str) -> Builder:
    value = ATTRIBUTED[name]
    return lambda style: lambda hit: value(hit.visit, traffic(hit.visit, "last"))


def _utm(place: int) -> Builder:
    """The UTM tags of the URL, on the first page only."""
    return _text(
        lambda hit: (
            content.UTM.get(hit.visit.last_source, ("", "", ""))[place] if hit.is_first else ""
        )
    )


def _visit_id(style: Style) -> Callable[[Hit], str]:
    since = style.visit_ids_since
    return lambda hit: str(hit.visit.visit_id) if hit.happened.date() >= since else "0"


def _parsed(level: int) -> Builder:
    def build(style: Style) -> Callable[[Hit], str]:
        def cell(hit: Hit) -> str:
            parameters = hit.visit.parameters[level - 1 : level] if hit.is_first else ()
            return tsv.string_array(parameters, style.dialect)

        return cell

    return build


HITS: dict[str, Builder] = (
    {
        "watchID": _number(lambda hit: hit.watch_id),
        "pageViewID": _number(lambda hit: hit.page_view_id),
        "visitID": _visit_id,
        "date": lambda style: lambda hit: str(hit.happened.date()),
        "dateTime": lambda style: lambda hit: str(hit.happened),
        "title": _text(lambda hit: hit.title),
        "URL": _text(lambda hit: hit.url),
        "referer": _text(lambda hit: hit.referer),
        "goalsID": lambda style: lambda hit: tsv.number_array(hit.goals),
        "isPageView": _number(lambda hit: hit.is_page_view),
        "link": _number(lambda hit: hit.is_link),
        "download": _number(lambda hit: hit.is_download),
        "notBounce": _number(lambda hit: 1 - hit.visit.bounce),
        "httpError": _text(lambda hit: hit.http_error),
        "UTMSource": _utm(0),
        "UTMMedium": _utm(1),
        "UTMCampaign": _utm(2),
    }
    | {name: _of_visit(name) for name in SHARED}
    | {f"last{name}": _last(name) for name in LAST}
    | {name: _constant(cell) for name, cell in ALWAYS.items()}
    | {f"parsedParamsKey{level}": _parsed(level) for level in range(1, 11)}
)
