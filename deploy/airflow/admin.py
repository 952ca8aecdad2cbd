"""Creates Airflow's user ``admin`` with the password of ``AIRFLOW_ADMIN_PASSWORD``; safe to run again.

``airflow users create`` is not used: its password would be visible in the list of processes, and it does
not change the password of an existing user.
"""

from __future__ import annotations

import os
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

USERNAME = "admin"
SHORTEST_PASSWORD = 12


def main() -> int:
    """Create the user or set its password; 0 on success, 1 if Airflow refuses."""
    password = os.environ.get("AIRFLOW_ADMIN_PASSWORD", "")
    if len(password) < SHORTEST_PASSWORD:
        sys.stderr.write(
            f"AIRFLOW_ADMIN_PASSWORD is shorter than {SHORTEST_PASSWORD} characters: "
            "set a longer one in .env (openssl rand -hex 16).\n"
        )
        return 1
    with get_application_builder() as builder:
        manager = builder.sm
        known = manager.find_user(username=USERNAME)
        if known:
            return 0 if manager.reset_password(known.id, password) else 1
        made = manager.add_user(
            username=USERNAME,
            first_name="Airflow",
            last_name="Admin",
            email="admin@localhost",
            role=manager.find_role("Admin"),
            password=password,
        )
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
