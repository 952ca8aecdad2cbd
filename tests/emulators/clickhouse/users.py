"""The production users, of whom the embedded engine can be one at a time: its own user `default`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from lxml import etree

USERS_FILE = Path(__file__).resolve().parents[3] / "deploy/clickhouse/users.d/municipal.xml"

# Who makes the views of the warehouse: some are read with this user's rights.
DEFINER = "loader"

# What the server's image brings: users.d is merged into it.
IMAGE_USERS = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default><interval><duration>3600</duration></interval></default></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
      <named_collection_control>1</named_collection_control>
    </default>
  </users>
</clickhouse>
"""
# As in the config.xml of the server's image: chDB by itself checks less.
_CONFIG = """<clickhouse>
  <users_config>users.xml</users_config>
  <access_control_improvements>
    <users_without_row_policies_can_read_rows>true</users_without_row_policies_can_read_rows>
    <on_cluster_queries_require_cluster_grant>true</on_cluster_queries_require_cluster_grant>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
    <settings_constraints_replace_previous>true</settings_constraints_replace_previous>
  </access_control_improvements>
</clickhouse>
"""


def names() -> list[str]:
    """The users of the production file who can log in over the network."""
    users = etree.parse(USERS_FILE).getroot().find("users")
    assert users is not None
    return [str(user.tag) for user in users if user.find("password") is not None]


def own_views(warehouse: Path) -> None:
    """Make the views that the engine's only user made in a closed warehouse those of ``loader``."""
    for path in warehouse.rglob("*.sql"):
        text = path.read_text(encoding="utf-8")
        if "DEFINER = default" in text:
            path.write_text(text.replace("DEFINER = default", f"DEFINER = {DEFINER}"))


def write_config(folder: Path, users: str) -> Path:
    """A server's config.xml and users.xml in `folder`; returns the first."""
    config = etree.fromstring(_CONFIG)
    path = config.find("users_config")
    assert path is not None
    path.text = str(folder / "users.xml")
    (folder / "users.xml").write_text(users)
    (folder / "config.xml").write_bytes(etree.tostring(config))
    return folder / "config.xml"


def as_default(
    identity: str, limits: Mapping[str, str] | None = None, grants: Sequence[str] = ()
) -> str:
    """The production file in which `default` has the grants, profile and quota of `identity`.

    `limits` replaces values of its profile, for tests that want to meet a limit soon; `grants` adds
    some, for tests that make a database of their own. Raises ValueError for a user who is not in
    the file.
    """
    root = etree.parse(USERS_FILE).getroot()
    users = root.find("users")
    assert users is not None
    chosen = users.find(identity)
    if chosen is None or identity not in names():
        raise ValueError(f"{USERS_FILE.name} has no user {identity!r}, only {', '.join(names())}")
    embedded = deepcopy(chosen)
    embedded.tag = "default"
    for name in ("password", "networks"):
        element = embedded.find(name)
        if element is not None:
            embedded.remove(element)
    etree.SubElement(embedded, "password")
    etree.SubElement(etree.SubElement(embedded, "networks"), "ip").text = "::/0"
    for user in list(users):
        if user.tag != DEFINER:
            users.remove(user)
    definer = users.find(f"{DEFINER}/password")
    assert definer is not None
    definer.attrib.clear()
    users.append(embedded)
    for section in ("profiles", "quotas"):
        found = root.find(section)
        assert found is not None
        etree.SubElement(found, "default")
    own = embedded.find("grants")
    assert own is not None
    for grant in grants:
        etree.SubElement(own, "query").text = grant
    for name, value in (limits or {}).items():
        element = root.find(f"profiles/{chosen.findtext('profile')}/{name}")
        if element is None:
            raise ValueError(f"The profile of {identity} has no limit {name!r}")
        element.text = value
    return etree.tostring(root).decode()
