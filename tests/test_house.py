"""The rules of the house that a machine can check: sizes, empty package files, nothing of one machine in the tree."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "storage", "tasks", "flows")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
FUNCTION_LINES, MODULE_LINES = 30, 280


def lines_of_code(function):
    """Lines of a function's body without its docstring."""
    first, *rest = function.body
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    body = rest if is_doc else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_short(path):
    text = path.read_text()
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    long = {f.name: lines for f in functions if (lines := lines_of_code(f)) > FUNCTION_LINES}
    assert not long
    assert len(text.splitlines()) <= MODULE_LINES
    assert path.name != "__init__.py" or not text


def test_no_machine_and_no_registry_is_named_in_the_tree():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    forbidden = ("/work/" + "shared", "/root" + "/", "pypi" + ".org", "files.python" + "hosted")
    named = {
        name: word
        for name in listed.stdout.split()
        if (ROOT / name).is_file() and not name.endswith(".png")
        for word in forbidden
        if word in (ROOT / name).read_text()
    }
    assert not named
