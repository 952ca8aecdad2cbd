"""``python -m bi.datalens WORKBOOK_ID``: writes the boards into a workbook of DataLens (docs/datalens.md).

The installation and its token are in the environment, as the SDK reads them: ``DATALENS_BASE_URL`` and
``DATALENS_OAUTH_TOKEN`` of an installation of one's own; ``DATALENS_ORG_ID`` and ``DATALENS_IAM_TOKEN`` of
the cloud. DataLens connects with ``CLICKHOUSE_HOST``, ``CLICKHOUSE_PORT``, ``CLICKHOUSE_SECURE`` and
``CLICKHOUSE_BI_PASSWORD``; without the password it is typed in the connection's form. With ``REPORT_URL``
(…/programme-report) the boards link to the report page.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from datalens_sdk import (
    DataLensClientEnterprise,
    DataLensClientYC,
    DataLensError,
    OAuthAuthProvider,
    StaticYCIAMAuthProvider,
)
from datalens_sdk.client import DataLensClientBase

from bi.datalens.importing import Address, import_workbook


def main(arguments: Sequence[str] | None = None) -> int:
    """Import, then return 0; 1 with one sentence where DataLens or the environment does not allow it."""
    parser = argparse.ArgumentParser(prog="python -m bi.datalens", description=__doc__)
    parser.add_argument("workbook", help="id of the workbook, the last part of its address")
    options = parser.parse_args(arguments)
    try:
        address = _address()
        with _client() as client:
            made = import_workbook(
                client, options.workbook, address, report=os.environ.get("REPORT_URL", "")
            )
    except (DataLensError, ValueError) as error:
        sys.stderr.write(f"The workbook is not written: {error}\n")
        return 1
    sys.stdout.write(", ".join(f"{kind}: {count}" for kind, count in made.items()) + "\n")
    return 0


def _address() -> Address:
    host = os.environ.get("CLICKHOUSE_HOST", "")
    if not host:
        raise ValueError(
            "CLICKHOUSE_HOST is empty: the address at which DataLens finds ClickHouse."
        )
    is_secure = os.environ.get("CLICKHOUSE_SECURE", "1") != "0"
    port = int(os.environ.get("CLICKHOUSE_PORT") or (8443 if is_secure else 8123))
    return Address(host, port, is_secure, os.environ.get("CLICKHOUSE_BI_PASSWORD", ""))


def _client() -> DataLensClientBase:
    url = os.environ.get("DATALENS_BASE_URL", "")
    if url:
        return DataLensClientEnterprise(base_url=url, auth=OAuthAuthProvider())
    organisation, token = (
        os.environ.get(name, "") for name in ("DATALENS_ORG_ID", "DATALENS_IAM_TOKEN")
    )
    if not organisation or not token:
        raise ValueError(
            "Set DATALENS_BASE_URL and DATALENS_OAUTH_TOKEN, or DATALENS_ORG_ID and DATALENS_IAM_TOKEN."
        )
    return DataLensClientYC(auth=StaticYCIAMAuthProvider(org_id=organisation, token=token))


if __name__ == "__main__":
    sys.exit(main())
