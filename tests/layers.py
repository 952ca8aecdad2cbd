"""The rooms of ``plugins/municipal_indicators`` and their imports; ``python -m tests.layers`` counts them."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "plugins" / "municipal_indicators"

# A room may import those above it in this list and nothing below; what one line holds, not each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("endings",),
    ("settings",),
    ("reference",),
    ("warehouse",),
    ("inbox",),
    ("closings",),
    ("spreadsheets",),
    ("sources.gosuslugi", "sources.metrica", "sources.registers", "sources.smev"),
    ("sources",),
    ("marts", "report", "dag_support", "inspection"),
    ("documents",),
    ("watch",),
    ("airflow_ui", "doctor"),
)


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Each module's path by its name below the package."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


def imports(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """The modules of the package that each module imports, also inside functions."""
    found: dict[str, set[str]] = {name: set() for name in known}
    for name, path in known.items():
        for target in _targets(ast.parse(path.read_text(encoding="utf-8"))):
            module = target.removeprefix(f"{PACKAGE.name}.")
            while module and module not in known:
                module = module.rpartition(".")[0]
            if module and module != name:
                found[name].add(module)
    return found


def _targets(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(PACKAGE.name))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.name):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """The room of a module: its package, each source's own, or the module at the top itself."""
    first, *rest = module.split(".")
    return f"sources.{rest[0]}" if first == "sources" and rest[1:] else first


def rooms(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The rooms that each room imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, targets in edges.items():
        room = room_of(module)
        found[room] |= {room_of(target) for target in targets} - {room}
    return dict(found)


def cycle(edges: Mapping[str, set[str]]) -> list[str]:
    """Modules or rooms that import each other in a circle; empty if there is none."""
    try:
        tuple(TopologicalSorter(edges).static_order())
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def upward(found: Mapping[str, set[str]]) -> list[str]:
    """Imports of rooms that the layers do not allow."""
    ranks = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}
    return sorted(
        f"{room} imports {target}"
        for room, targets in found.items()
        for target in targets
        if ranks[target] >= ranks[room]
    )


def main() -> int:
    """Print what the closing notes of a change to the house give as numbers."""
    edges = imports(modules())
    found = rooms(edges)
    longest = sorted(
        (
            (node.end_lineno or 0) - node.lineno + 1,
            f"{name}.{node.name}",
        )
        for name, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    sys.stdout.write(
        f"modules {len(edges)}, rooms {len(found)}, "
        f"imports between rooms {sum(map(len, found.values()))}, "
        f"between modules {sum(map(len, edges.values()))}\n"
        f"circles: {' -> '.join(cycle(edges)) or 'none'}; upward: {', '.join(upward(found)) or 'none'}\n"
        f"functions {len(longest)}, median {longest[len(longest) // 2][0]} lines, "
        f"nine in ten up to {longest[len(longest) * 9 // 10][0]}, longest: "
        + ", ".join(f"{name} {lines}" for lines, name in reversed(longest[-5:]))
        + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
