"""``python -m superset_setup [BUNDLE]``: creates or updates everything in Superset; run it at every release.

Runs in Superset's own environment, in this folder, with the variables of ``superset_config.py``. In this
order: the metadata's tables, permissions, the administrator (with the password in
``SUPERSET_ADMIN_PASSWORD``, also where it exists), the bundle, whose charts, datasets and dashboards are
overwritten also where they exist (with links to the report page at ``REPORT_URL``), and role «Читатель»
(with user ``reader`` in it where ``SUPERSET_READER_PASSWORD`` is set). Objects that users created in
Superset are not changed. A second run changes nothing.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ADMINISTRATOR = "admin"
READER = "Читатель"
SHORTEST_PASSWORD = 12
# What the boards' texts link to until it is known where the report page is.
NO_PAGE = "https://report.invalid"
BUNDLE = Path(__file__).resolve().parent / "bundle"

# What is needed to open dashboards and to download their numbers as CSV or Excel. Not in the list, so
# not allowed: SQL Lab, the chart editor, writing or exporting anything, lists of databases and users.
READING = (
    ("can_read", "Dashboard"),
    ("can_read", "Chart"),
    ("can_read", "Dataset"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "SecurityRestApi"),
    ("can_read", "Theme"),
    ("can_read", "CssTemplate"),
    ("can_get_embedded", "Dashboard"),
    ("can_view_chart_as_table", "Dashboard"),
    ("can_dashboard", "Superset"),
    ("can_csv", "Superset"),
    ("can_log", "Superset"),
    ("can_language_pack", "Superset"),
    ("can_recent_activity", "Log"),
    ("can_time_range", "Api"),
    ("can_get", "MenuApi"),
    ("can_userinfo", "UserDBModelView"),
    ("resetmypassword", "UserDBModelView"),
    ("can_this_form_get", "ResetMyPasswordView"),
    ("can_this_form_post", "ResetMyPasswordView"),
    ("menu_access", "Dashboards"),
)
LOGIN_PAGE = (("can_language_pack", "Superset"),)


def main(bundle: Path = BUNDLE) -> int:
    """Set Superset up with the bundle in a folder; 0, or 1 with an explanation on stderr."""
    from superset.app import create_app  # type: ignore[import-not-found]

    logging.getLogger("alembic").setLevel(logging.WARNING)
    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade  # type: ignore[import-untyped]
        from superset import appbuilder, db, security_manager  # type: ignore[import-not-found]

        upgrade()
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        if not _has_user(security_manager, ADMINISTRATOR, "Admin", "SUPERSET_ADMIN_PASSWORD"):
            return 1
        _grant(security_manager, "Public", LOGIN_PAGE)
        db.session.commit()
        with _acting_as(security_manager.find_user(ADMINISTRATOR)):
            names = import_bundle(bundle)
        _grant(security_manager, READER, (*READING, *_schema_access()))
        db.session.commit()
        if "SUPERSET_READER_PASSWORD" in os.environ and not _has_user(
            security_manager, "reader", READER, "SUPERSET_READER_PASSWORD"
        ):
            return 1
    sys.stdout.write(f"Superset is set up: {names} files of the bundle, role {READER}.\n")
    return 0


def import_bundle(folder: Path) -> int:
    """Import a bundle's folder, replacing objects of the same UUIDs; returns the number of its files.

    Raises superset's CommandInvalidError or ImportFailedError, after which nothing has changed.
    """
    from superset.commands.importers.v1.assets import ImportAssetsCommand  # type: ignore[import-not-found]

    contents = {
        path.relative_to(folder).as_posix(): linked(
            path.read_text(encoding="utf-8"), os.environ.get("REPORT_URL", "")
        )
        for path in sorted(folder.rglob("*.yaml"))
    }
    ImportAssetsCommand(contents).run()
    return len(contents)


def linked(text: str, address: str) -> str:
    """A board's text with its links led to the report page at ``address``; without one, not linked at all."""
    if address:
        return text.replace(NO_PAGE, address.rstrip("/"))
    return re.sub(rf"\[([^\]]+)\]\({re.escape(NO_PAGE)}[^)\s]*\)", r"\1", text)


def _has_user(security: Any, name: str, role_name: str, variable: str) -> bool:
    """Create a user, or give it the password of the environment where that is set."""
    known = security.find_user(name)
    password = os.environ.get(variable, "")
    if known and not password:
        return True
    if len(password) < SHORTEST_PASSWORD:
        sys.stderr.write(
            f"Superset's user {name} gets no password: set {variable}, {SHORTEST_PASSWORD} characters or "
            "more, and run this again.\n"
        )
        return False
    if known:
        security.reset_password(known.id, password)
        return True
    role = security.find_role(role_name)
    shown = "Администратор" if name == ADMINISTRATOR else READER
    return bool(
        security.add_user(name, shown, "Superset", f"{name}@localhost", role, password=password)
    )


def _grant(security: Any, role_name: str, permissions: tuple[tuple[str, str], ...]) -> None:
    """Give a role these permissions and take all others away."""
    role = security.find_role(role_name) or security.add_role(role_name)
    role.permissions = [
        security.find_permission_view_menu(*permission)
        or security.add_permission_view_menu(*permission)
        for permission in permissions
    ]


def _schema_access() -> tuple[tuple[str, str], ...]:
    from superset.connectors.sqla.models import SqlaTable  # type: ignore[import-not-found]
    from superset.extensions import db  # type: ignore[import-not-found]

    schemas = {
        dataset.schema_perm
        for dataset in db.session.query(SqlaTable).filter_by(schema="marts")
        if dataset.schema_perm
    }
    return tuple(("schema_access", schema) for schema in sorted(schemas))


@contextmanager
def _acting_as(user: Any) -> Iterator[None]:
    from superset.utils.core import override_user  # type: ignore[import-not-found]

    with override_user(user):
        yield


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
