"""Indonesian first: everything is translated, and whose language is used."""

from __future__ import annotations

import ast
import gettext
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.template import Engine
from django.template.base import Node, NodeList
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from layers.audit.models import Change
from tests.factories import make_agency, make_user

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "locale" / "id" / "LC_MESSAGES" / "django.po"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
Message = tuple[str, str]  # (context or "", msgid)
CALLS = {"_": 0, "gettext": 0, "gettext_lazy": 0, "gettext_noop": 0, "ngettext": 0, "ngettext_lazy": 0, "pgettext": 1, "pgettext_lazy": 1}  # fmt: skip


def messages_of_code() -> Iterator[tuple[Message, str]]:
    """Every literal that Python code hands to gettext, with the file it stands in."""
    for path in sorted((ROOT / "layers").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            position = CALLS.get(name)
            if position is None or len(node.args) <= position:
                continue
            words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(words) > position and isinstance(words[position], str):
                yield (words[0] if position else "", words[position]), path.name


def nodes_of(nodelist: NodeList) -> Iterator[Node]:
    for node in nodelist:
        yield node
        for name in node.child_nodelists:
            yield from nodes_of(getattr(node, name, None) or NodeList())
        for _condition, inner in getattr(node, "conditions_nodelists", ()):
            yield from nodes_of(inner)


def messages_of_templates() -> Iterator[tuple[Message, str]]:
    """Every literal that a template translates, with the template's name."""
    engine = Engine.get_default()
    for path in TEMPLATES:
        for node in nodes_of(engine.from_string(path.read_text()).nodelist):
            if isinstance(node, TranslateNode):
                text = node.filter_expression.var
                context = node.message_context.var if node.message_context else ""
                if isinstance(getattr(text, "literal", text), str):
                    # Django looks a literal up with its percent signs doubled.
                    words = str(getattr(text, "literal", text)).replace("%", "%%")
                    yield (str(context), words), path.name
            elif isinstance(node, BlockTranslateNode):
                yield ("", node.render_token_list(node.singular)[0]), path.name


def catalogue_of_po() -> tuple[dict[Message, str], list[str]]:
    """Translations of the .po file by message, and the msgids marked fuzzy."""
    found: dict[Message, str] = {}
    fuzzy = []
    for block in PO.read_text().split("\n\n"):
        parts = {
            key: "".join(json.loads(f'"{line}"') for line in re.findall(r'"(.*)"$', lines, re.M))
            for key, lines in re.findall(
                r'^(msgctxt|msgid|msgstr(?:\[0\])?) ((?:"(?:[^"\\]|\\.)*"\n?)+)', block, re.M
            )
        }
        if "msgid" not in parts:
            continue
        if re.search(r"^#,.*fuzzy", block, re.M):
            fuzzy.append(parts["msgid"])
        found[parts.get("msgctxt", ""), parts["msgid"]] = parts.get("msgstr", "") or parts.get(
            "msgstr[0]", ""
        )
    return found, fuzzy


def test_every_text_has_an_indonesian_translation() -> None:
    found, fuzzy = catalogue_of_po()
    wanted = dict([*messages_of_code(), *messages_of_templates()])
    assert len(wanted) > 500
    assert {message: where for message, where in wanted.items() if not found.get(message)} == {}
    assert fuzzy == []


def test_translations_keep_their_places_for_values() -> None:
    found, _fuzzy = catalogue_of_po()
    places = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    for (_context, msgid), text in found.items():
        if msgid:
            assert sorted(places.findall(msgid)) == sorted(places.findall(text)), msgid


def test_the_compiled_catalogue_is_what_the_source_says() -> None:
    found, _fuzzy = catalogue_of_po()
    found.pop(("", ""))
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {
        (key if context == "" else f"{context}\x04{key}"): text
        for (context, key), text in found.items()
    } == {
        (key[0] if isinstance(key, tuple) else key): text
        for key, text in compiled._catalog.items()  # type: ignore[attr-defined]
        if key
    }


class _Words(HTMLParser):
    """Text that a reader would read, tags and attributes apart."""

    SPOKEN = {"title", "aria-label", "placeholder", "alt"}

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in {"script", "style"}
        self.words += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)


#: The product's name, the languages' own names for themselves, a unit, a key of the keyboard.
PROPER_NAMES = re.compile(r"\b(NCC Geo|Bahasa Indonesia|English|EN|ID|px/m|Ctrl)\b")


def untranslated(source: str) -> list[str]:
    """Text in a template that no translate tag covers."""
    source = re.sub(r"\{% blocktrans.*?endblocktrans(late)? %\}", "", source, flags=re.S)
    source = re.sub(
        r"\{% comment .*?endcomment %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.S
    )
    parser = _Words()
    parser.feed(source)
    words = [PROPER_NAMES.sub("", text).strip() for text in parser.words]
    return [text for text in words if re.search(r"[^\W\d_]{2,}", text)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_text_is_written_into_a_template(path: Path) -> None:
    assert untranslated(path.read_text()) == []


def test_the_check_of_templates_sees_what_it_should() -> None:
    source = '{% load i18n %}<p title="Close">{% translate "Fine" %} {{ name }} Untranslated</p>'
    assert untranslated(source) == ["Close", "Untranslated"]


def test_every_string_a_script_asks_for_is_handed_to_it() -> None:
    keys = set()
    for path in TEMPLATES:
        for block in re.findall(r"<script[^>]*data-strings[^>]*>(.*?)</script>", path.read_text(), re.S):  # fmt: skip
            keys |= set(re.findall(r'^"((?:[^"\\]|\\.)+)":', block, re.M))
    asked = {}
    for path in (ROOT / "static" / "layers" / "js").rglob("*.js"):
        for text in re.findall(r'\bt\("((?:[^"\\]|\\.)+)"', path.read_text()):
            asked[text] = path.name
    assert len(asked) > 30
    assert {text: file for text, file in asked.items() if text not in keys} == {}


def language_of(answer: Any) -> str:
    assert answer.headers["Content-Language"] in answer.content.decode()
    return re.search(r'<html lang="(\w+)"', answer.content.decode())[1]  # type: ignore[index]


@pytest.mark.django_db
def test_a_visitor_who_chose_nothing_gets_indonesian(client: Any) -> None:
    answer = client.get("/login/", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert language_of(answer) == "id"
    assert "Masuk" in answer.content.decode()
    assert "Accept-Language" not in answer.headers.get("Vary", "")


@pytest.mark.django_db
def test_a_visitor_keeps_what_the_switch_said(client: Any) -> None:
    client.post("/language/", {"language": "en", "next": "/login/"})
    assert language_of(client.get("/login/")) == "en"
    client.post("/language/", {"language": "xx", "next": "/login/"})
    assert language_of(client.get("/login/")) == "en"


@pytest.mark.django_db
def test_an_account_has_its_own_language_on_every_machine(client: Any) -> None:
    user = make_user("ani", ("planner", make_agency()))
    client.cookies["django_language"] = "en"
    client.force_login(user)
    assert language_of(client.get("/")) == "id"
    client.post("/language/", {"language": "en", "next": "/"})
    user.refresh_from_db()
    assert user.language == "en"
    client.cookies["django_language"] = "id"
    assert language_of(client.get("/")) == "en"
    change = Change.objects.filter(table_name="layers_user", action="U").first()
    assert change is not None
    assert (change.actor, change.after) == ("ani", {"language": "en"})
