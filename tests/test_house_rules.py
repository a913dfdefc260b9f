"""Rules of this code base that no linter checks."""

import ast
import builtins
import re
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from tests.source_code import (
    CODE,
    ROOT,
    SHARED_ROWS,
    functions_by_key,
    nodes,
    parse,
    reading_functions,
    relative_path,
    source_files,
)

pytestmark = pytest.mark.once

MAX_FILE_LINES = 400
MAX_TEMPLATE_LINE_LENGTH = 120
VIETNAMESE = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")
PRONOUN = re.compile(r"\b(?:bạn|chúng tôi)\b", re.IGNORECASE)
PAGES_FOR_BUYERS = ("catalog", "cooperatives", "orders", "shop")
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
# change_state(), the function that recalculates derived columns, and pictures.
STATE_WRITERS = {
    "shop/core/states.py",
    "orders/actions/order_records/recalculate_order.py",
    "shop/core/images/renditions.py",
}
BANNED_NAMES = {"utils", "helpers", "common", "services", "manager", "managers", "misc"}

BOOLEAN = re.compile(r"(^|__)_?(is|has|can|may|should|needs|requires|includes)_")
# "is", "has" and the like, or a verb in the third person, as in "serves" and "name matches".
PREDICATE = re.compile(r"(^|_)(are|can|had|has|have|is|may|must|should|was|[a-z]+s)(_|$)")
MAX_POSITIONAL_VALUES = 5
TABLE_ROWS = {"Account", "MenuEntry", "Trigger"}  # the demo's accounts, the desk's menu, and triggers
# A length of time says in its last word what happens with it.
DURATION = re.compile(r"_(AGE|DELAY|LIFETIME|PERIOD|RETENTION|TIMEOUT|TOLERANCE)$")
CHECK = re.compile(r"_?(checked|ensure|refuse|reject|validated)_")  # instead of require_
BARE_NAME = re.compile(r"""(?<![\w`./"'$%:{@-])_?[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b(?![\w`(/"'=}]|\.\w)""")
READING_VERBS = {"build", "count", "find", "load", "read"}
# Verbs of functions that return rows but do more than read, and of choices among rows.
OTHER_VERBS = {
    *("accept", "add", "allocate", "anonymise", "apply", "authenticate", "begin", "change"),
    *("choose", "close", "confirm", "connect", "continue", "convert", "correct", "create"),
    *("delete", "deliver", "describe", "end", "enter", "expand", "fail", "file", "get", "hand"),
    *("issue", "lock", "move", "open", "pack", "pause", "pick", "place", "post", "prepare"),
    *("preview", "pull", "push", "quote", "rebuild", "receive", "recheck", "record", "remove"),
    *("reopen", "repeat", "report", "require", "resolve", "resume", "return", "run", "save"),
    *("search", "set", "split", "store", "suggest", "sum", "transfer", "try", "turn", "use"),
    *("verify", "weigh", "write"),
}
# What has not run yet (a QuerySet, a condition, a function), a predicate, and the response of a view.
NO_ROWS = re.compile(
    r"QuerySet|^Rows$|\bQ\b|Condition|Combinable|^Visible$|^object$|^None$|^bool$|HttpResponse|CellSave|^Resolver$"
)
DRAWINGS = "shop/management/demo/illustrations/"  # whose flags name what is drawn: a hat, a border
SALEOR_BOOLEANS = {
    *("apply_once_per_customer", "apply_once_per_order", "only_for_staff", "single_use"),
    *("available_in_grid", "filterable_in_dashboard", "filterable_in_storefront", "variant_selection"),
    *("boolean", "value_required", "visible_in_listings", "visible_in_storefront", "track_inventory"),
    *("allow_unpaid_orders", "automatically_complete_fully_paid_checkouts"),
    *("automatically_confirm_all_new_orders", "automatically_fulfill_non_shippable_gift_card"),
    *("charge_taxes", "display_gross_prices", "prices_entered_with_tax", "validation_skipped"),
    *("include_draft_order_in_voucher_usage", "use_legacy_error_flow_for_checkout"),
    *("allow_login_without_confirmation", "enable_account_confirmation_by_email"),
    *("fulfillment_allow_unpaid", "fulfillment_auto_approve", "track_inventory_by_default"),
    "use_legacy_update_webhook_emission",
}
LIBRARY_BOOLEANS = {
    *("change", "empty_permitted", "fake", "required", "use_required_attribute"),  # Django's
    "do_close",  # waitress's
}

FOREIGN_NAMES = {
    *("XCountableConnection", "XCountableEdge", "NoteCreateArguments", "noteCreate", "productErrors"),  # SDL
    *("__schema", "__type", "jti", "PT_BR"),  # GraphQL, JWTs and Saleor
    *("__in", "__year", "delay", "from_db", "include", "migrate"),  # Django and Celery
    *("require_POST", "require_safe", "record_property"),  # Django and pytest
    *("cp", "ispe", "nobody", "sha256sum"),  # tools, and a user of the operating system
    "details",  # of Refused, which its subclasses inherit
}
FOREIGN_EXCEPTIONS = {
    *("CommandError", "GraphQLError", "Http404", "ImproperlyConfigured", "InvalidTokenError"),
    *("ParsingError", "PyJWT", "SMTPException"),
}
NOTE = re.compile(r'(^[ \t]*)?"""(.*?)"""|(?:^|  )[ \t]*# ([^\n]*)', re.DOTALL | re.MULTILINE)
CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
BACKTICKED = re.compile(r"`([\w.]+)(?:\([^`]*\))?`")
WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
RAISED = re.compile(r"\b[Rr]aises? (?:the same )?([A-Z]\w+(?:(?:, and|,| and| or)\s+[A-Z]\w+)*)")


def test_no_file_is_too_long() -> None:
    long_files = {
        relative_path(path): count
        for path in source_files()
        if (count := len(path.read_text().splitlines())) > MAX_FILE_LINES
        and not path.read_text().startswith('"""Generated by')
    }

    assert long_files == {}


def test_no_template_line_is_too_long() -> None:
    """The formatter cannot break a tag. Email texts are left out: their white space is content."""
    templates = [path for kind in ("html", "js") for path in (ROOT / "templates").rglob(f"*.{kind}")]
    long_lines = [
        f"{relative_path(path)}:{number}"
        for path in templates
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MAX_TEMPLATE_LINE_LENGTH
    ]

    assert long_lines == []


def test_no_module_has_a_meaningless_name() -> None:
    assert [relative_path(path) for path in source_files() if path.stem in BANNED_NAMES] == []


def test_migrations_import_no_code_of_the_apps() -> None:
    """Migrations run with later code, so they may name fields but not import rules."""
    imported = [
        (relative_path(path), module)
        for path in source_files(migrations=True)
        for module in _imports(path)
        if module.split(".")[0] in CODE
        and not re.fullmatch(r"[\w.]+\.models(\.\w+)?|shop\.core\.\w+", module)
    ]

    assert imported == []


def test_vietnamese_is_in_translations_and_not_in_the_code() -> None:
    """User-facing texts are English message ids; names and data of Vietnam stay Vietnamese."""
    vietnamese_lines = [
        (relative_path(path), text)
        for path in source_files()
        if not relative_path(path).startswith(VIETNAMESE_DATA)
        for text in _strings(path)
        if VIETNAMESE.search(NAMES.sub("", text))
    ]

    assert vietnamese_lines == []


def test_docstrings_and_comments_mention_existing_names() -> None:
    """Constants, names in backticks and raised exceptions: a rename must not leave the old name in prose."""
    texts = {path: path.read_text() for path in [*source_files(), *(ROOT / "tests").rglob("*.py")]}
    schemas = [path.read_text() for path in (ROOT / "shop" / "api").rglob("*.graphql")]
    sources = [NOTE.sub(_other_string, text) for text in texts.values()]
    names = FOREIGN_NAMES | {*dir(builtins), *(part for path in texts for part in path.parts)}
    names |= {path.stem for path in texts}
    names.update(*(re.findall(r"\w+", source) for source in [*sources, *schemas]))
    names.update(*(re.findall(r"^ *(class \w+)", text, re.MULTILINE) for text in texts.values()))
    names |= {f"class {name}" for name in (*dir(builtins), *FOREIGN_EXCEPTIONS)}
    missing = [
        (relative_path(path), name)
        for path, text in texts.items()
        for note in NOTE.finditer(text)
        for name in _mentioned_names(note)
        if name not in names
    ]

    assert missing == []


def test_names_in_backticks_resolve() -> None:
    """A reader finds such a name in the same file or, in the API, in the schema; others are dotted paths."""
    texts = {path: path.read_text() for path in [*source_files(), *(ROOT / "tests").rglob("*.py")]}
    schemas = [path.read_text() for path in (ROOT / "shop" / "api").rglob("*.graphql")]
    schema_names = set(re.findall(r"\w+", " ".join(schemas)))
    unresolved = []
    for path, text in texts.items():
        names = {*re.findall(r"\w+", NOTE.sub(_other_string, text)), *dir(builtins), *FOREIGN_NAMES}
        if relative_path(path).startswith(("shop/api/", "tests/shop/api/")):
            names |= schema_names
        for mentioned in _backticked_names(text):
            first = mentioned.split(".")[0]
            if mentioned.endswith(".py"):
                is_resolved = any(other.name == mentioned for other in texts)
            elif first in (*CODE, "tests") and mentioned != first:
                is_resolved = _is_dotted_path(mentioned)
            else:
                is_resolved = first in names or first[0].isdigit()
            if not is_resolved:
                unresolved.append((relative_path(path), mentioned))

    assert unresolved == []


def test_error_codes_are_class_names_in_snake_case() -> None:
    """A client that receives a code, or an engineer who reads a log, finds the class by it."""
    errors = _subclasses("Refused")
    codes = {
        name: statement.value.value
        for name, error in errors.items()
        for statement in error.body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant)
        if re.match(r"code\b", ast.unparse(statement))
    }

    assert set(codes) == set(errors)
    assert codes == {name: _snake_case(name) for name in errors}


def test_code_has_no_todo_marks() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

    assert [relative_path(path) for path in source_files() if marks.search(path.read_text())] == []


def test_models_have_no_default_order() -> None:
    ordered = re.compile(r"^\s+ordering\s*=", re.MULTILINE)

    models = [path for path in source_files() if "models" in (path.stem, path.parent.name)]
    assert [relative_path(path) for path in models if ordered.search(path.read_text())] == []


def test_only_states_modules_assign_a_state() -> None:
    """Elsewhere a plain assignment would bypass the state table."""
    column = "state|status|saleor_status|progress|cod_state|authorize_coverage|charge_coverage"
    assigned = re.compile(rf"\.({column})\s*=[^=]|\.update\([^)]*\b({column})=")

    writers = {relative_path(path) for path in source_files() if assigned.search(path.read_text())}

    # The demo writes its orders in their final state.
    history = {name for name in writers if name.startswith("shop/management/demo/")}
    assert writers - STATE_WRITERS - history == set()


def test_tasks_process_rows_through_the_sweep_helper() -> None:
    """A plain loop in a task stops at the first row that raises; `shop.core.jobs.sweeps` isolates each row.

    A loop that only queues a message for each row is allowed.
    """
    loops = [
        (relative_path(path), task.name, loop.lineno)
        for path in source_files()
        for task in nodes(path)
        if isinstance(task, ast.FunctionDef)
        and any("shared_task" in ast.unparse(d) for d in task.decorator_list)
        for loop in ast.walk(task)
        if isinstance(loop, ast.For) and not all(".delay(" in ast.unparse(step) for step in loop.body)
    ]

    # Reads the journal into memory; the rows it finds go through the helper.
    assert [loop[:2] for loop in loops] == [
        ("catalog/actions/marketing/share_pictures.py", "draw_share_pictures_task")
    ]


def test_tests_are_annotated_as_returning_none() -> None:
    unannotated = [
        f"{relative_path(path)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and node.returns is None
    ]

    assert unannotated == []


def test_loop_variables_have_names() -> None:
    """The variable of a loop, comprehension or lambda is named after its value."""
    folders = (*CODE, "tests", ".ci")
    python = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    variables = [
        f"{relative_path(path)}:{node.lineno}"
        for path in python
        for node in nodes(path)
        if (isinstance(node, ast.Name) and node.id == "each")
        or (isinstance(node, ast.arg) and node.arg == "each")
    ]
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    loops = [
        relative_path(path) for path in templates if re.search(r"{% for [^%]*\beach\b", path.read_text())
    ]

    assert variables == []
    assert loops == []


def test_booleans_are_named_as_questions() -> None:
    """A reader sees from the name alone that a parameter, attribute or column is true or false."""
    names = {
        (relative_path(path), name)
        for path in source_files()
        if not relative_path(path).startswith(DRAWINGS) and not path.read_text().startswith('"""Generated by')
        for name in _boolean_names(parse(path))
    }
    foreign_names = SALEOR_BOOLEANS | LIBRARY_BOOLEANS

    assert {name for _file, name in names} >= foreign_names  # no exception outlives its use
    assert {(file, name) for file, name in names if not BOOLEAN.search(name)} == {
        (file, name) for file, name in names if name in foreign_names
    }


def test_docstrings_of_properties_say_what_they_are() -> None:
    """A property is a noun phrase or "Whether …", so it reads the same as an attribute."""
    commands = [
        f"{relative_path(path)}:{node.lineno}"
        for path in source_files()
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator).endswith("property") for decorator in node.decorator_list)
        and (ast.get_docstring(node) or "").startswith(("Return ", "Returns "))
    ]

    assert commands == []


def test_functions_that_read_rows_begin_with_a_verb() -> None:
    """A noun promises a computed value, or a QuerySet that has not run yet.

    It also counts if a function reads rows through another function. Methods, properties and resolvers of the
    API's fields are nouns. A docstring that begins with another verb than Return is taken as proof that the
    function's name begins with a verb too.
    """
    functions = functions_by_key()
    names = {(module, name) for module, name in reading_functions() if _returns_rows(functions[module, name])}

    verbs = {name.lstrip("_").split("_")[0] for _module, name in names}
    assert verbs >= READING_VERBS | OTHER_VERBS  # no exception outlives its use
    assert {
        (module, name)
        for module, name in names
        if name.lstrip("_").split("_")[0] not in READING_VERBS | OTHER_VERBS
        if name not in SHARED_ROWS
    } == set()


def test_functions_that_return_whether_something_is_so_read_as_predicates() -> None:
    names = {
        (relative_path(path), node.name)
        for path in source_files()
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef)
        if (ast.get_docstring(node) or "").startswith("Return whether")
        if node.returns is not None and ast.unparse(node.returns) == "bool"
    }

    assert {(file, name) for file, name in names if not PREDICATE.search(name)} == set()


def test_durations_are_named_after_what_they_limit() -> None:
    durations = {
        (relative_path(path), ast.unparse(target))
        for path in source_files()
        for node in parse(path).body
        if isinstance(node, ast.Assign)
        if re.match(r"(datetime\.)?timedelta\(", ast.unparse(node.value))
        for target in node.targets
    }

    assert len(durations) > 50
    assert {(file, name) for file, name in durations if not DURATION.search(name)} == set()


def test_functions_that_raise_if_something_is_wrong_begin_with_require() -> None:
    """Actions and views may refuse or reject something, and functions that always raise refuse it."""
    names = {
        (relative_path(path), node.name)
        for path in source_files()
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef) and CHECK.match(node.name)
        if node.returns is None or ast.unparse(node.returns) != "NoReturn"
        if not {"actor", "request"} & {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
    }

    assert names == set()


def test_resolvers_are_named_after_their_field() -> None:
    """A resolver is found by its field, with the field's parents or with one or all of its objects."""
    resolvers = {
        (relative_path(path), node.name, decorator.args[0].value)
        for path in (ROOT / "shop" / "api").rglob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".field")
        if ast.unparse(decorator.func) != "mutation.field"
        if decorator.args and isinstance(decorator.args[0], ast.Constant)
    }

    assert len(resolvers) > 100
    assert {
        (file, name, field)
        for file, name, field in resolvers
        if not re.fullmatch(rf"((one|all)_)?{_snake_case(field)}(_of_\w+)?", name)
    } == set()


def test_docstrings_describe_one_function_each() -> None:
    """Two functions of a file with different names do different things, and so say different things."""
    docstrings = {
        (relative_path(path), docstring, node.name)
        for path in source_files()
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (docstring := ast.get_docstring(node))
    }

    counts = Counter((file, docstring) for file, docstring, _name in docstrings)
    assert [described for described, count in counts.items() if count > 1] == []


def test_names_in_prose_are_in_backticks() -> None:
    """A bare name in a sentence is hard to read, and a rename may have put it there by mistake."""
    bare_names = [
        (relative_path(path), name)
        for path in [*source_files(), *(ROOT / "tests").rglob("*.py")]
        for note in NOTE.finditer(path.read_text())
        for name in BARE_NAME.findall(_prose(note))
    ]

    assert bare_names == []


def test_wide_rows_are_built_with_keywords() -> None:
    """Of five values and more, a reader cannot tell from their order what each one is.

    Rows of a table in the code are excepted, because their columns repeat.
    """
    trees = {relative_path(path): parse(path) for path in source_files()}
    rows = {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        if any("dataclass" in ast.unparse(d) for d in node.decorator_list)
        or any("NamedTuple" in ast.unparse(base) for base in node.bases)
    }
    wide = {
        (file, node.func.id)
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in rows
        if len(node.args) >= MAX_POSITIONAL_VALUES and not any(isinstance(a, ast.Starred) for a in node.args)
    }

    assert {name for _file, name in wide} >= TABLE_ROWS  # no exception outlives its use
    assert {(file, name) for file, name in wide if name not in TABLE_ROWS} == set()


def test_python_files_have_unix_line_ends() -> None:
    files = subprocess.run(
        ["git", "ls-files", "--eol", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert [line for line in files if "crlf" in line.split()[0]] == []


def test_pages_for_buyers_leave_out_the_vietnamese_pronoun() -> None:
    pages = {
        str(path.relative_to(ROOT)): " ".join(path.read_text().split())
        for folder in PAGES_FOR_BUYERS
        for path in (ROOT / "templates" / folder).rglob("*.html")
    }

    texts = _texts_with_pronoun()
    assert len(texts) > 50  # for members and the desk
    assert [(name, text) for name, page in pages.items() for text in texts if _has_text(page, text)] == []
    assert [name for name, page in pages.items() if PRONOUN.search(page)] == []


def _imports(path):
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _subclasses(name):
    """Return the product's classes that derive from a class, by name."""
    classes = [node for path in source_files() for node in parse(path).body if isinstance(node, ast.ClassDef)]
    bases, derived = {name}, {}
    while bases:
        classes_by_name = {
            node.name: node for node in classes if bases & {ast.unparse(base) for base in node.bases}
        }
        derived |= classes_by_name
        bases = set(classes_by_name)
    return derived


def _other_string(match):
    """Return the string in triple quotes if it is not a docstring, else an empty text."""
    return match[2] if match[2] is not None and match[1] is None else ""


def _prose(match: re.Match[str]) -> str:
    """Return a docstring or comment without its names in backticks."""
    note = "" if _other_string(match) else match[2] or match[3] or ""
    return re.sub("`[^`]*`", "", note)


def _snake_case(name: str) -> str:
    return WORD_START.sub("_", name).lower().lstrip("_")


def _mentioned_names(match):
    note = "" if _other_string(match) else match[2] or match[3] or ""
    yield from CONSTANT.findall(note)
    for classes in RAISED.findall(note):
        yield from (f"class {name}" for name in re.findall(r"\b[A-Z]\w+", classes))
    for dotted in BACKTICKED.findall(note):
        yield from filter(None, dotted.split("."))


def _backticked_names(text: str) -> Iterator[str]:
    for found in NOTE.finditer(text):
        note = "" if _other_string(found) else found[2] or found[3] or ""
        yield from (name for mentioned in BACKTICKED.findall(note) if (name := mentioned.strip(".")))


def _is_dotted_path(mentioned: str) -> bool:
    """Return whether a path such as `orders.models.Order` names a module, or a name in a module."""
    names = mentioned.split(".")
    for count in range(len(names), 0, -1):
        path = ROOT.joinpath(*names[:count])
        for module in (path.with_suffix(".py"), path / "__init__.py"):
            if module.exists():
                attribute_names = names[count:]
                return (
                    not attribute_names
                    or re.search(rf"\b{attribute_names[0]}\b", module.read_text()) is not None
                )
    return False


def _returns_rows(function: ast.FunctionDef) -> bool:
    """Return whether the function may return what it read, rather than a QuerySet, a decision or nothing."""
    returned = ast.unparse(function.returns) if function.returns else ""
    docstring = ast.get_docstring(function) or "Return"
    return (
        not NO_ROWS.search(returned)
        and docstring.startswith(("Return", "Yield"))
        and not any(re.search(r"\.(field|related)\b", ast.unparse(d)) for d in function.decorator_list)
    )


def _boolean_names(tree: ast.Module) -> Iterator[str]:
    """Yield names of boolean parameters, attributes and columns; Saleor's inputs are in camel case."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name != "handle":
            positional = [*node.args.posonlyargs, *node.args.args]
            defaults = [None] * (len(positional) - len(node.args.defaults)) + node.args.defaults
            for argument, default in [
                *zip(positional, defaults, strict=True),
                *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
            ]:
                if _is_boolean(argument.annotation, default):
                    yield argument.arg
        elif isinstance(node, ast.AnnAssign) and _is_boolean(node.annotation, None):
            yield from (name for name in [ast.unparse(node.target)] if name.islower())
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("models.BooleanField("):
            yield ast.unparse(node.targets[0])


def _is_boolean(annotation: ast.expr | None, default: ast.expr | None) -> bool:
    is_default = isinstance(default, ast.Constant) and isinstance(default.value, bool)
    return is_default or (annotation is not None and ast.unparse(annotation) in {"bool", "bool | None"})


def _texts_with_pronoun() -> list[str]:
    """Return the English of each translation with a pronoun, with placeholders as templates write them."""
    with (ROOT / "locale/vi/LC_MESSAGES/django.po").open("rb") as file:
        messages = [message for message in read_po(file) if PRONOUN.search("".join(message.string))]
    texts = [message.id if isinstance(message.id, str) else message.id[0] for message in messages]
    return [re.sub(r"%\((\w+)\)s", r"{{ \1 }}", text) for text in texts]


def _has_text(page: str, text: str) -> bool:
    return f'"{text}"' in page or re.search(rf"%\}} ?{re.escape(text)} ?\{{%", page) is not None


def _strings(path):
    """Yield every string but docstrings."""
    tree = parse(path)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
