"""History that no statement escapes, and that the serving role cannot touch."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from layers.assets.models import Camera
from layers.audit.actor import Actor, acting_as, recorded
from layers.audit.models import Change
from layers.incidents.models import Call
from layers.places.versions import layer_moves_fold, layer_versions
from tests.factories import make_camera


def changes(action: str) -> list[Change]:
    """Changes of cameras of one action, oldest first."""
    return list(Change.objects.filter(table_name="layers_camera", action=action).order_by("id"))


@pytest.mark.django_db
def test_bulk_update_and_raw_sql_are_recorded_with_the_actor() -> None:
    camera = make_camera()
    with acting_as(Actor(user_id=7, name="sari", source="web")), recorded():
        Camera.objects.filter(pk=camera.pk).update(name="Baru")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ncc.actor', '', true)")
        cursor.execute("UPDATE layers_camera SET name = 'Mentah' WHERE id = %s", [camera.pk])
    first, second = changes("U")
    assert (first.actor, first.actor_id, first.source) == ("sari", 7, "web")
    assert first.before == {"name": "Camera C1"}
    assert first.after == {"name": "Baru"}
    assert second.after == {"name": "Mentah"}
    assert second.actor == connection.settings_dict["USER"]


@pytest.mark.django_db
def test_bulk_create_and_delete_are_recorded_row_by_row() -> None:
    first = make_camera("A")
    Camera.objects.bulk_create(
        [Camera(code=f"B{n}", name="b", site=first.site, geom=first.geom) for n in range(3)]
    )
    assert len(changes("I")) == 4
    Camera.objects.all().delete()
    assert len(changes("D")) == 4


@pytest.mark.django_db
def test_secrets_are_recorded_as_changed_never_as_text() -> None:
    camera = make_camera(stream_url="rtsp://u:rahasia@10.1.1.1/a")
    Camera.objects.filter(pk=camera.pk).update(stream_url="rtsp://u:lain@10.1.1.1/b")
    Call.objects.create(
        code="K1",
        arrived_at="2026-01-01T00:00Z",
        caller_name="Seorang",
        caller_number="0812",
        note="x",
    )
    text = str(list(Change.objects.values_list("before", "after")))
    for secret in ("rahasia", "lain@", "10.1.1.1", "Seorang", "0812"):
        assert secret not in text
    assert changes("U")[0].after == {"stream_url": "(changed)"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["UPDATE layers_change SET actor = 'x'", "DELETE FROM layers_change", "TRUNCATE layers_change"],
)
def test_history_resists_even_its_owner(statement: str) -> None:
    make_camera()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Change.objects.exists()


@pytest.mark.django_db
def test_serving_role_has_no_right_on_history_and_no_table_of_its_own(settings: object) -> None:
    role = getattr(settings, "NCC_APP_ROLE", "")
    owner = getattr(settings, "NCC_OWNER_ROLE", "")
    if not role or role == owner:
        pytest.skip("one role serves and owns here: set NCC_DATABASE_APP_URL")
    make_camera()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege FROM unnest(ARRAY['INSERT','UPDATE','DELETE','TRUNCATE']) AS privilege"
            " WHERE has_table_privilege(%s, 'layers_change', privilege)",
            [role],
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = %s", [role]
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT has_table_privilege(%s, 'layers_camera', 'UPDATE')", [role])
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_actor_never_leaks_to_the_next_transaction() -> None:
    with acting_as(Actor(user_id=1, name="sari", source="web")), recorded():
        make_camera("A")
    make_camera("B", lon=112.64)
    actors = dict(
        Change.objects.filter(table_name="layers_camera").values_list("after__code", "actor")
    )
    assert actors["A"] == "sari"
    assert actors["B"] != "sari"


@pytest.mark.django_db
def test_versions_move_once_a_transaction_and_survive_folding() -> None:
    before = layer_versions().get("cctv", 0)
    make_camera("A")
    make_camera("B", lon=112.64)
    moved = layer_versions()["cctv"]
    assert moved == before + 1
    assert layer_moves_fold() >= 1
    assert layer_versions()["cctv"] == moved


@pytest.mark.django_db
def test_unfinished_statement_leaves_no_trace() -> None:
    def broken() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            make_camera("A")
            cursor.execute("SELECT no_such_function()")

    with pytest.raises(ProgrammingError):
        broken()
    assert changes("I") == []
