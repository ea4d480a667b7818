"""What is written down is true: generated pages are fresh, links lead somewhere, commands parse, every alarm is explained."""

import ast
import re
import shlex
from functools import cache
from itertools import product
from pathlib import Path

import pytest
import typer
import yaml

from core.risk.verdict import RULES
from flows.documenting import generated_pages, leaves, root_context
from tasks.documenting import MARK, documented_models
from tests.test_house import SOURCES

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deployments/**/*.md")])
ALARMS = (ROOT / "docs/alarms.md").read_text()
GENERATED = generated_pages()
COMMAND_LINE = root_context()
NO_EVENT = r"^tradewind\.|\.(duckdb|json|url|lock|html|png|yaml|log|py|env)$"
"""Words with a dot that are something else."""
names = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_what_the_code_says(name):
    assert (ROOT / name).read_text() == GENERATED[name], "stale: run `python -m flows.documenting`"


def test_every_configuration_is_on_the_page():
    classes = [node for path in SOURCES for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    ours = {each.name for each in classes if {getattr(base, "id", "") for base in each.bases} & {"Config", "BaseSettings"}}
    assert ours - {model.__name__ for model in documented_models()} == set()


@names
def test_every_link_leads_somewhere(page):
    dead = [link for link in links(page) if not leads_somewhere(page, link)]
    assert not dead


@names
def test_every_command_line_parses(page):
    text = page.read_text()
    if text.startswith(MARK):
        pytest.skip("written from the command line itself")
    wrong = [f"{line}: {says}" for line, is_whole in commands(text) if (says := complaint(line, is_whole=is_whole))]
    assert not wrong


def test_every_risk_rule_is_explained_with_its_verdict():
    said = {cells[0]: cells[1] for cells in rows("Risk rules") if len(cells) == 5}
    assert said == {f"`{rule.name}`": f"`{rule.verdict.name}`" for rule in RULES}


def test_every_notice_is_explained():
    explained = {event for cells in rows("Notices") for event in re.findall(r"`([a-z-]+\.[a-z_-]+)`", cells[0])}
    named, families = events_in_code()
    assert named - explained == set(), "told and not explained"
    made_up = [event for event in explained - named if not any(re.fullmatch(family, event) for family in families)]
    assert not made_up, "explained and never told"


def test_every_automation_is_explained():
    declared = yaml.safe_load((ROOT / "deployments/automations.yaml").read_text())["automations"]
    assert [cells[0] for cells in rows("What Prefect does by itself")] == [f"`{one['name']}`" for one in declared]


def test_every_explained_alarm_says_what_to_do():
    assert not [cells for cells in (*rows("Risk rules"), *rows("Notices"), *rows("What Prefect does")) if not all(cells)]


def links(page):
    """Targets of a page's own links and pictures; what lies elsewhere on the web is not ours to check."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset|href)=\"([^\"]+)\"", text)
    return [link for link in found if not link.startswith(("http://", "https://", "mailto:"))]


def leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@cache
def anchors(page):
    """The anchors that GitHub makes of a page's headings."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    heads = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    slugs = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]
    return {slug if slugs[:at].count(slug) == 0 else f"{slug}-{slugs[:at].count(slug)}" for at, slug in enumerate(slugs)}


def commands(text):
    """Every `tradewind ...` that a page shows, alternatives written out, and whether it is more than a mention."""
    blocks = re.findall(r"^ {4}(?:\S*/)?tradewind +([^\n]+)", text, re.MULTILINE)
    mentions = re.findall(r"`(?:\.venv/bin/)?tradewind ([^`\n]+)`", text)
    for line in (*blocks, *mentions):
        plain = re.sub(r"\s+#.*|[\[\]]|\s*\.\.\.|\s*&$", "", line)
        for words in product(*(word.split("|") for word in plain.split())):
            yield " ".join(words), line in blocks


def complaint(line, *, is_whole):
    """Say why the command line would refuse a line; empty when it would not. A mention may leave out what is required."""
    context, words = COMMAND_LINE, shlex.split(line)
    while words and (command := getattr(context.command, "commands", {}).get(words[0])):
        context = command.context_class(command, info_name=words.pop(0), parent=context)
    if context.parent is None:
        return f"no command {words[0]}"
    try:
        context.command.parse_args(context, words)
    except typer.Exit:  # --help
        return ""
    except typer.TyperException as error:
        says = error.format_message()
        return says if is_whole or not says.startswith("Missing") else ""
    return ""


def rows(heading):
    """The cells of every table row below a heading, and below its own sub-headings."""
    found = re.search(rf"^## {heading}.*?(?=^## |\Z)", ALARMS, re.MULTILINE | re.DOTALL)
    lines = [line for line in found[0].splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if not line.startswith("| `ALLOW` |")]


def events_in_code():
    """Every event that a module which makes notices spells out, and patterns of those it puts together."""
    nodes = [node for path in SOURCES if "Notice(" in path.read_text() for node in ast.walk(ast.parse(path.read_text()))]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    named = {text for text in texts if re.fullmatch(r"[a-z-]+\.[a-z_-]+", text) and not re.search(NO_EVENT, text)}
    made = [
        [part.value if isinstance(part, ast.Constant) else "[a-z_-]+" for part in node.values]
        for node in nodes
        if is_made(node)
    ]
    return named, {"".join(parts) for parts in made if len(parts) == 2}


def is_made(node):
    return isinstance(node, ast.JoinedStr) and any(isinstance(part, ast.Constant) and "." in part.value for part in node.values)


def test_the_command_line_has_leaves():
    assert len(list(leaves(COMMAND_LINE))) > 20
