"""Runs the emulator from the command line: `python -m tests.emulators.metrica --help`."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.emulators.metrica.bulk import Bulk
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.server import MetricaEmulator
from tests.emulators.metrica.state import Counter
from tests.emulators.metrica.visits import DEFAULT_SITE


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; prints the address first."""
    options = _parser().parse_args(arguments)
    bulk = None
    if options.bulk:
        bulk = Bulk(options.bulk, options.bulk_folder, options.part_bytes)
    settings = Settings(
        polls=options.polls,
        parts_per_request=options.parts,
        rows_per_part=options.rows_per_part,
        dialect=options.dialect,
        csv_quotes=options.csv_quotes,
        true_utc=options.true_utc,
        quota_bytes=options.quota_bytes,
        enforce_rates=options.enforce_rates,
        bulk=bulk,
        # Compression would cost more than all the rest of a large download.
        gzip=bulk is None,
    )
    emulator = MetricaEmulator(
        [Counter(number, time_zone=zone, site=options.site) for number, zone in options.counter],
        dict.fromkeys(options.token),
        settings=settings,
        today=options.today,
        port=options.port,
    )
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        emulator.start()
    except OSError as error:
        sys.stderr.write(f"Cannot listen on port {options.port}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"Metrica API emulator on {emulator.url}, Ctrl+C stops it\n")
    sys.stdout.flush()
    stopping.wait()
    emulator.stop()
    return 0


def _counter(text: str) -> tuple[int, str]:
    number, _, zone = text.partition(":")
    if not number.isdecimal() or not 0 < int(number) < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r}: write a counter as a number, 12345678[:Zone]")
    try:
        ZoneInfo(zone or "Europe/Moscow")
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r}: no such time zone: {zone}") from None
    return int(number), zone or "Europe/Moscow"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, write YYYY-MM-DD") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulators.metrica",
        description="A local stand-in for the Yandex.Metrica API with visits from 2022 on.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port on 127.0.0.1, 0 takes a free one")
    add(
        "--counter",
        type=_counter,
        action="append",
        required=True,
        metavar="ID[:ZONE]",
        help="a counter and its time zone (Europe/Moscow); may be repeated",
    )
    add(
        "--token",
        action="append",
        required=True,
        help="an OAuth token with access to all counters; may be repeated",
    )
    add("--site", default=DEFAULT_SITE, help="host name in the URLs of visits")
    add("--today", type=_day, help="the current day, YYYY-MM-DD; the real one by default")
    add("--polls", type=int, default=2, help="polls of a request until it is processed")
    add("--parts", type=int, default=2, help="parts of a request")
    add("--rows-per-part", type=int, help="rows of a part, instead of --parts")
    add("--dialect", choices=("A", "B"), default="B", help="how string arrays are quoted")
    add("--csv-quotes", action="store_true", help='wrap cells with a " as in CSV')
    add("--true-utc", action="store_true", help="write dateTimeUTC in UTC instead of UTC+3")
    add(
        "--quota-bytes",
        type=int,
        default=Settings().quota_bytes,
        help="storage per counter, in bytes",
    )
    add(
        "--bulk",
        type=int,
        metavar="ROWS",
        help="serve days of this many generated visits, from disk",
    )
    add("--bulk-folder", type=Path, default=Bulk(0).folder, help="folder of the bulk days")
    add("--part-bytes", type=int, default=Bulk(0).part_bytes, help="maximum bytes of a bulk part")
    add("--enforce-rates", action="store_true", help="reject calls above the quotas")
    return parser


if __name__ == "__main__":
    sys.exit(main())
