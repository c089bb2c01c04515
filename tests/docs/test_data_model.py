"""docs/data-model.md names every model, table and constraint, and what the history leaves out is as declared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils.translation import override

from layers import models as face
from layers.audit.triggers import APPEND_ONLY, TRACKED, TRACKED_AFTER_LOADING

_TABLE = re.compile(r"`(layers_[a-z_]+)`")
#: Tables of the room of tiles, which have no model.
_WITHOUT_MODEL = {"layers_tilecluster", "layers_tileclusterstate"}

MODELS: list[type[Model]] = [
    model for model in apps.get_app_config("layers").get_models() if not model._meta.auto_created
]


@pytest.fixture(scope="module")
def page(project_root: Path) -> str:
    """The page as it is committed."""
    return (project_root / "docs" / "data-model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_has_its_row_with_its_constraints(page: str, model: type[Model]) -> None:
    table = f"`{model._meta.db_table}`"
    row = next((line for line in page.splitlines() if line.startswith("| ") and table in line), "")
    assert row, f"no row for {table}"
    assert f"`{model.__name__}`" in row
    missing = [item.name for item in model._meta.constraints if f"`{item.name}`" not in row]
    assert not missing


def test_every_name_of_the_face_is_a_row_or_explained(page: str) -> None:
    explained = {"AssetStatus", "Disposition", "IncidentState", "Role", "Sourced", "StatusClass", "Visibility"}  # fmt: skip
    # Plain lists of choices of a single column; the models are their reference.
    lists = {"CameraKind", "ChunkRole", "JobState", "Origin", "StationKind"}
    names = set(face.__all__) - lists
    assert {name for name in names if f"`{name}`" not in page} == set()
    assert names - explained == {model.__name__ for model in MODELS}


def test_the_page_names_no_table_that_is_gone(page: str) -> None:
    known = {model._meta.db_table for model in MODELS} | _WITHOUT_MODEL
    assert set(_TABLE.findall(page)) == known


def test_the_base_of_provenance_is_counted(page: str) -> None:
    words = {10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen"}
    count = sum(issubclass(model, face.Sourced) for model in MODELS)
    assert f"`Sourced` is a base of {words[count]} models" in page


def test_the_paragraphs_on_history_tell_what_the_triggers_do(page: str) -> None:
    history = " ".join(page.partition("\n## History\n")[2].partition("\n## ")[0].split()).lower()
    kept_out = {
        "layers_user": "passwords",
        "layers_camera": "stream addresses",
        "layers_call": "callers' names and numbers, notes of calls",
        "layers_plan": "certificates of plans",
        "layers_positiondevice": "hashes of device keys",
        "layers_citizenreport": "who reported what where",
    }
    assert {table for table, columns in TRACKED.items() if columns} == set(kept_out)
    assert all(words in history for words in kept_out.values())
    names = {model._meta.db_table: model._meta.verbose_name_plural for model in MODELS}
    parts_of_plans = {"layers_plansite", "layers_plancamera", "layers_planturn"}
    with override("en"):
        untold = [
            table
            for table in {*TRACKED, *TRACKED_AFTER_LOADING} - parts_of_plans
            if str(names[table]).removeprefix("camera ") not in history
        ]
    assert not untold
    assert all(f"`{table}`" in history for table in APPEND_ONLY)
