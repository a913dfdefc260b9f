"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
CODE = ("shop", "catalog", "orders", "cooperatives")
LONGEST_FILE = 400
LONGEST_TEMPLATE_LINE = 120
VIETNAMESE = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")
NAMES = re.compile(r"Chợ Phiên|Tiếng Việt|Tết|Thiên An|Hoàng Sa|Trường Sa|\bđ\b")  # also in English
VIETNAMESE_DATA = (
    *(
        "shop/core/geography/data/",
        "shop/core/geography/divisions.py",
        "shop/core/geography/old_addresses.py",
    ),
    *("shop/core/texts/folding.py", "shop/core/texts/number_words.py"),
    "shop/management/",
)
STATE_WRITERS = {
    "shop/core/states.py",
    "orders/actions/order_records/recalculate_order.py",
    "shop/core/images/renditions.py",
}  # advance(), the author of what is derived, and a picture that is ready or is none
BANNED_NAMES = {"utils", "helpers", "common", "services", "manager", "managers", "misc"}


def code(*, migrations=False):
    """The product's Python files."""
    files = [path for app in CODE for path in (ROOT / app).rglob("*.py")]
    return [path for path in files if ("migrations" in path.parts) == migrations]


def named(path):
    return str(path.relative_to(ROOT))


def test_no_file_is_too_long_to_hold_in_the_head():
    long = {
        named(path): count for path in code() if (count := len(path.read_text().splitlines())) > LONGEST_FILE
    }

    assert long == {}


def test_no_line_of_a_template_is_too_long_to_read() -> None:
    """The formatter cannot break a tag. Texts of mails are left out: there white space is content."""
    templates = [path for kind in ("html", "js") for path in (ROOT / "templates").rglob(f"*.{kind}")]
    long = [
        f"{named(path)}:{number}"
        for path in templates
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LONGEST_TEMPLATE_LINE
    ]

    assert long == []


def test_no_name_promises_nothing():
    assert [named(path) for path in code() if path.stem in BANNED_NAMES] == []


def test_migrations_import_no_code_of_the_apps():
    """They run later than the code they were written with: fields may be named there, rules may not."""
    imported = [
        (named(path), module)
        for path in code(migrations=True)
        for module in _imports(path)
        if module.split(".")[0] in CODE
        and not re.fullmatch(r"[\w.]+\.models(\.\w+)?|shop\.core\.\w+", module)
    ]

    assert imported == []


def test_vietnamese_is_in_the_translations_and_not_in_the_code():
    """What people read is a message id in English; names and data of the country stay as they are."""
    found = [
        (named(path), text)
        for path in code()
        if not named(path).startswith(VIETNAMESE_DATA)
        for text in _strings(path)
        if VIETNAMESE.search(NAMES.sub("", text))
    ]

    assert found == []


def test_nothing_is_left_to_do_in_the_code():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

    assert [named(path) for path in code() if marks.search(path.read_text())] == []


def test_models_have_no_default_order():
    ordered = re.compile(r"^\s+ordering\s*=", re.MULTILINE)

    models = [path for path in code() if "models" in (path.stem, path.parent.name)]
    assert [named(path) for path in models if ordered.search(path.read_text())] == []


def test_nobody_but_states_assigns_a_state():
    """Elsewhere a plain assignment or update would hide a move that the table does not allow."""
    column = "state|status|saleor_status|progress|cod_state|authorize_coverage|charge_coverage"
    assigned = re.compile(rf"\.({column})\s*=[^=]|\.update\([^)]*\b({column})=")

    writers = {named(path) for path in code() if assigned.search(path.read_text())}

    history = {name for name in writers if name.startswith("shop/management/demo/")}  # written as it ended
    assert writers - STATE_WRITERS - history == set()


def test_tasks_process_rows_through_the_sweep_helper():
    """A plain loop in a task stops at the first row that raises; `shop.core.jobs.sweeps` isolates each row.

    A loop that only queues a message for each row is allowed.
    """
    loops = [
        (named(path), task.name, loop.lineno)
        for path in code()
        for task in ast.walk(ast.parse(path.read_text()))
        if isinstance(task, ast.FunctionDef)
        and any("shared_task" in ast.unparse(d) for d in task.decorator_list)
        for loop in ast.walk(task)
        if isinstance(loop, ast.For) and not all(".delay(" in ast.unparse(step) for step in loop.body)
    ]

    # Reads the journal into memory; the rows it finds go through the helper.
    assert [loop[:2] for loop in loops] == [
        ("catalog/actions/marketing/share_pictures.py", "draw_share_pictures_task")
    ]


def test_every_python_file_is_committed_with_unix_line_ends():
    files = subprocess.run(
        ["git", "ls-files", "--eol", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert [line for line in files if "crlf" in line.split()[0]] == []


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _strings(path):
    """Every string but docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
