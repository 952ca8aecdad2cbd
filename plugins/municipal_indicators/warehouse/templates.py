"""The SQL of ``sql/``: Jinja templates rendered, texts cut into statements, values as literals."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from municipal_indicators import settings

if TYPE_CHECKING:
    from jinja2 import Environment

_STATEMENT_END = re.compile(r";[ \t]*(?:\n|\Z)")


def statements(sql: str) -> list[str]:
    """The statements of an SQL text; fragments that hold only comments are dropped."""
    fragments = (fragment.strip() for fragment in _STATEMENT_END.split(sql))
    return [one for one in fragments if re.sub(r"--[^\n]*", "", one).strip()]


def literal(value: object) -> str:
    """A value as an SQL string literal; the Jinja filter of the same name."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(settings.SQL),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - SQL, not HTML; values go through the literal filter
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = literal
    return environment


def render(name: str, **values: object) -> str:
    """The SQL of ``sql/<name>`` with its Jinja values filled in; an unknown value is an error."""
    return _environment().get_template(name).render(**values).strip().removesuffix(";")
