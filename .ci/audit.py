"""``make audit``: what is known against the pinned versions of the locks, by pip-audit.

Ends with 0 where a database knows all versions and nothing against them, with 1 where it knows something, and
with 2 where it was not reached or does not know each version: then their list is all there is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = ("requirements-dev.txt", "bi/superset/requirements.txt")


def main() -> int:
    """Print what is known of each lock; the worst result."""
    return max(_audit(lock) for lock in LOCKS)


def _audit(lock: str) -> int:
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--timeout",
        "15",
    ]
    command += ["--progress-spinner", "off", "--format", "json", "--requirement", lock]
    asked = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    known = [
        f"  {one['name']} {one['version']}: {each['id']}, fixed in "
        f"{', '.join(each['fix_versions']) or 'no version yet'}"
        for one in packages
        for each in one.get("vulns", ())
    ]
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    said = [f"{lock}: {len(packages)} packages, {len(known)} known vulnerabilities", *known]
    if not packages or len(unknown) == len(packages):
        pinned = [line.split(" ")[0] for line in (REPOSITORY / lock).read_text().splitlines()]
        said = [f"{lock}:", *(f"  {one}" for one in pinned if "==" in one)]
        said.append(
            "  NO DATABASE WAS REACHED: this is the list of versions, and nothing is known of them."
        )
    elif unknown:
        said.append(f"  not known to the database: {', '.join(unknown)}")
    sys.stdout.write("\n".join(said) + "\n")
    if known:
        return 1
    return 2 if unknown or not packages else 0


if __name__ == "__main__":
    sys.exit(main())
