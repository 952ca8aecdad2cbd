"""Compares the marts of two embedded warehouses cell by cell.

``python -m tests.compare_warehouses BEFORE AFTER`` names the folders of both. What a clock writes is
left out (``--ignore``). It ends with 0 where all marts are equal, else with 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

IGNORED = ("computed_at", "last_success_at", "compared_at", "load_ids")
SHOWN = 5

Marts = dict[str, list[str]]

_DUMP = """
import json, sys
import clickhouse_connect
client = clickhouse_connect.get_client(interface="chdb", path=sys.argv[1])
ignored = set(sys.argv[2].split(","))
# One with a parameter has no columns there.
marts = client.query("SELECT DISTINCT table FROM system.columns WHERE database = 'marts'").result_rows
found = {}
for (mart,) in marts:
    rows = client.query(f"SELECT * FROM marts.`{mart}`").named_results()
    kept = ({name: value for name, value in row.items() if name not in ignored} for row in rows)
    found[mart] = sorted(json.dumps(row, default=str, ensure_ascii=False, sort_keys=True) for row in kept)
json.dump(found, sys.stdout)
"""


def dump(warehouse: Path, ignored: Sequence[str] = IGNORED) -> Marts:
    """The rows of each mart as sorted JSON texts; a process of its own, since the engine opens one folder."""
    done = subprocess.run(
        [sys.executable, "-c", _DUMP, str(warehouse), ",".join(ignored)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: Marts = json.loads(done.stdout)
    return found


def differences(before: Marts, after: Marts) -> Iterator[str]:
    """One line for each mart or row that only one of them has, the first few of each mart."""
    for mart in sorted(before.keys() ^ after.keys()):
        yield f"{mart}: only {'before' if mart in before else 'after'}"
    for mart in sorted(before.keys() & after.keys()):
        old, new = Counter(before[mart]), Counter(after[mart])
        lost, gained = list((old - new).elements()), list((new - old).elements())
        if lost or gained:
            yield f"{mart}: {len(lost)} rows only before, {len(gained)} only after"
            yield from (f"  - {row}" for row in lost[:SHOWN])
            yield from (f"  + {row}" for row in gained[:SHOWN])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences, or how many marts and rows are equal."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare_warehouses", description=__doc__)
    parser.add_argument("before", type=Path, help="folder of an embedded warehouse")
    parser.add_argument("after", type=Path, help="folder of the other one")
    parser.add_argument("--ignore", default=",".join(IGNORED), help="columns left out, by commas")
    options = parser.parse_args(arguments)
    ignored = options.ignore.split(",")
    before, after = dump(options.before, ignored), dump(options.after, ignored)
    found = list(differences(before, after))
    rows = sum(map(len, before.values()))
    sys.stdout.write(
        "\n".join(found or [f"{len(before)} marts with {rows} rows are equal."]) + "\n"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
