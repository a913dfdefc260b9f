"""The product's code as syntax trees, and which of its functions read rows, for the house rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ("shop", "catalog", "orders", "cooperatives")
# Rows that almost every function asks for. They are read once for a request, or by a compiled query.
SHARED_ROWS = {"market_channel", "shop_settings"}

FunctionKey = tuple[str, str]  # the module and the name


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a file."""
    return tuple(ast.walk(parse(path)))


@cache
def source_files(*, migrations: bool = False) -> tuple[Path, ...]:
    """Return the product's Python files."""
    files = [path for app in CODE for path in (ROOT / app).rglob("*.py")]
    return tuple(path for path in files if ("migrations" in path.parts) == migrations)


def relative_path(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def functions_by_key() -> dict[FunctionKey, ast.FunctionDef]:
    """Return the functions of all modules."""
    return {
        (_module_name(path), node.name): node
        for path in source_files()
        for node in parse(path).body
        if isinstance(node, ast.FunctionDef)
    }


@cache
def reading_functions() -> set[FunctionKey]:
    """Return the functions that query a model, themselves or through functions that they call by name."""
    functions = functions_by_key()
    imports = {_module_name(path): _imported_names(parse(path)) for path in source_files()}
    callers: dict[FunctionKey, set[FunctionKey]] = {}
    for (module, name), node in functions.items():
        for called in _called_names(node):
            callee = _resolve(module, called, functions, imports)
            if callee is not None and callee[1] not in SHARED_ROWS:
                callers.setdefault(callee, set()).add((module, name))
    compiled = {key for key, node in functions.items() if _is_compiled_query(node)}
    pending = [key for key, node in functions.items() if key in compiled or _queries_model(node)]
    found: set[FunctionKey] = set()
    while pending:
        key = pending.pop()
        if key in found:
            continue
        found.add(key)
        if key in compiled or not _is_lazy(functions[key]):
            pending += callers.get(key, ())
    return found - compiled


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_names(tree: ast.Module) -> dict[str, FunctionKey]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _called_names(function: ast.FunctionDef) -> Iterator[tuple[str, ...]]:
    """Yield the names that the function's body calls: a function, or a module and its function."""
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield (node.func.id,)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                yield from [(owner.id, node.func.attr)] if isinstance(owner, ast.Name) else []


def _resolve(
    module: str,
    called: tuple[str, ...],
    functions: dict[FunctionKey, ast.FunctionDef],
    imports: dict[str, dict[str, FunctionKey]],
) -> FunctionKey | None:
    """Return the function that is called, also if a package exports it under its name."""
    key = (module, called[0])
    if len(called) > 1:
        imported = imports[module].get(called[0])
        if imported is None:
            return None
        key = (".".join(imported), called[1])
    while key not in functions:
        following = imports.get(key[0], {}).get(key[1])
        if following is None or following == key:
            return None
        key = following
    return key


def _queries_model(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"objects", "aggregate"}
        for node in ast.walk(function)
    )


def _is_compiled_query(function: ast.FunctionDef) -> bool:
    return any("compiled_query" in ast.unparse(decorator) for decorator in function.decorator_list)


def _is_lazy(function: ast.FunctionDef) -> bool:
    """Return whether the function returns a QuerySet, which runs in its caller."""
    returned = ast.unparse(function.returns) if function.returns else ""
    return "QuerySet" in returned or returned in {"Rows", "Visible", "Q"}
