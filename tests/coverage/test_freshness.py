"""Stored camera views: current after every kind of change, by whatever reaches and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection, transaction

from layers.assets.models import Camera, CameraModel, OpticsStandard
from layers.coverage import tasks
from layers.coverage.freshness import feed, views, watch
from layers.coverage.freshness.feed import sight_changes_check, sight_changes_work
from layers.coverage.freshness.views import camera_sights_refresh, camera_sights_stale
from layers.coverage.freshness.watch import SightWatch, sights_step
from layers.coverage.models import CameraSight, SightChange
from layers.coverage.sights import camera_region
from layers.events.models import Event
from layers.jobs.models import Job, JobState
from layers.jobs.runner import job_run
from layers.places.models import Building
from tests.coverage.test_analysis import place
from tests.factories import make_building, make_camera

FAR = place(0.0, 900.0)


def block(east_m: float, north_m: float, *, size_m: float = 4.0) -> tuple[float, ...]:
    """Box in degrees of a square building so far from the middle of the scene."""
    half = size_m / 2
    return (*place(east_m - half, north_m - half), *place(east_m + half, north_m + half))


@pytest.fixture
def near_and_far(db: None) -> tuple[Camera, Camera]:
    """Two cameras 900 m apart with stored views."""
    sharp = CameraModel.objects.create(
        name="4K", image_width_px=3840, image_height_px=2160, sensor_width_mm=7.2,
        sensor_height_mm=4.05, focal_min_mm=2.8, focal_max_mm=12.0,
    )  # fmt: skip
    near = make_camera("NEAR", model=sharp)
    far = make_camera("FAR", lon=FAR[0], lat=FAR[1])
    make_building(block(0.0, 30.0), height_m=9.0)
    make_building(block(0.0, 940.0), height_m=9.0)
    assert sights_step()
    assert camera_sights_stale() == []
    Event.objects.all().delete()
    return near, far


def _sql(statement: str) -> Callable[[], object]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return run


def _many_buildings() -> None:
    Building.objects.bulk_create(
        [
            Building(geom=MultiPolygon(Polygon.from_bbox(block(x, y)), srid=4326), height_m=5.0)
            for x in range(20, 60, 8)
            for y in range(20, 60, 8)
        ]
    )


NEAR_ONLY: dict[str, Callable[[], object]] = {
    "turned": lambda: Camera.objects.filter(code="NEAR").update(heading_deg=180.0),
    "turned in SQL": _sql("UPDATE layers_camera SET heading_deg = 90 WHERE code = 'NEAR'"),
    "raised": lambda: Camera.objects.filter(code="NEAR").update(mount_height_m=11.0),
    "moved": _sql("UPDATE layers_camera SET geom = ST_Translate(geom, 0.0001, 0) WHERE code = 'NEAR'"),
    "failed": lambda: Camera.objects.filter(code="NEAR").update(status="failed"),
    "its model sharper": lambda: CameraModel.objects.update(image_width_px=7680),
    "a building added": lambda: make_building(block(5.0, 20.0), height_m=12.0),
    "many buildings added": _many_buildings,
    "a building higher": lambda: Building.objects.filter(
        pk=Building.objects.order_by("pk").values("pk")[:1]
    ).update(height_m=30.0),
    "a building taken away": lambda: Building.objects.filter(
        pk=Building.objects.order_by("pk").values("pk")[:1]
    ).delete(),
    "a building moved away in SQL": _sql(
        "UPDATE layers_building SET geom = ST_Translate(geom, 0.01, 0)"
        " WHERE id = (SELECT min(id) FROM layers_building)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", NEAR_ONLY)
def test_a_change_makes_stale_what_it_reaches_and_nothing_else(
    near_and_far: tuple[Camera, Camera], change: str
) -> None:
    near, far = near_and_far
    untouched = CameraSight.objects.get(camera=far, mode="now", level="visible").computed_at
    NEAR_ONLY[change]()
    assert camera_sights_stale() == [near.pk]
    assert sights_step()
    assert camera_sights_stale() == []
    assert not SightChange.objects.exists()
    after = CameraSight.objects.get(camera=far, mode="now", level="visible").computed_at
    assert after == untouched
    event = Event.objects.get(kind="coverage.sights")
    assert event.layer == "sights"
    assert event.object_id == str(near.pk)
    assert event.payload == {"cameras": 1, "ids": [near.pk]}


def test_the_stored_view_is_what_the_camera_sees(near_and_far: tuple[Camera, Camera]) -> None:
    near, _far = near_and_far
    Camera.objects.filter(pk=near.pk).update(heading_deg=40.0, model=None)
    make_building(block(12.0, 14.0, size_m=6.0), height_m=12.0)
    sights_step()
    answer = camera_region(
        near.geom.x, near.geom.y, heading_deg=40.0, fov_deg=90.0, height_m=5.0, range_m=150.0
    )
    for feature in answer["features"]:
        sight = CameraSight.objects.get(
            camera=near, mode="now", level=feature["properties"]["level"]
        )
        drawn = shapely.geometry.shape(feature["geometry"])
        stored = shapely.from_wkb(bytes(sight.geom.wkb))
        # Stored to about a centimetre, and in the frame of the camera's square.
        assert stored.symmetric_difference(drawn).area <= 2e-3 * drawn.area
        assert sight.area_m2 == pytest.approx(feature["properties"]["area_m2"], rel=1e-3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE layers_building SET name = 'Balai', kind = 'hall'",
        "UPDATE layers_camera SET name = 'Other', stream_url = 'rtsp://host/1'",
        "UPDATE layers_cameramodel SET price_idr = price_idr + 1",
        "DELETE FROM layers_building WHERE id < 0",
    ],
)
def test_what_no_view_depends_on_makes_nothing_stale(
    near_and_far: tuple[Camera, Camera], statement: str
) -> None:
    _sql(statement)()
    assert not SightChange.objects.exists()
    assert camera_sights_stale() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda: OpticsStandard.objects.filter(level="detect").update(px_per_m=30.0),
        lambda: OpticsStandard.objects.filter(level="monitor").delete(),
        _sql("TRUNCATE layers_building"),
    ],
)
def test_the_table_of_levels_and_emptied_tables_concern_all(
    near_and_far: tuple[Camera, Camera], change: Callable[[], object]
) -> None:
    change()
    stale = camera_sights_stale()
    assert stale == sorted(camera.pk for camera in near_and_far)
    assert sights_step()
    assert camera_sights_stale() == []


def test_a_camera_that_goes_takes_its_views_along_in_sql_too(
    near_and_far: tuple[Camera, Camera],
) -> None:
    near, far = near_and_far
    _sql("DELETE FROM layers_camera WHERE code = 'NEAR'")()
    assert set(CameraSight.objects.values_list("camera_id", flat=True)) == {far.pk}
    _sql("SET CONSTRAINTS ALL IMMEDIATE")()
    sights_step()
    assert not SightChange.objects.exists()
    assert near.pk not in camera_sights_stale()


@pytest.mark.parametrize("status", ["planned", "failed", "retired", "maintenance"])
def test_cameras_that_do_not_count_have_no_view(
    near_and_far: tuple[Camera, Camera], status: str
) -> None:
    near, far = near_and_far
    Camera.objects.filter(pk=near.pk).update(status=status)
    sights_step()
    assert set(CameraSight.objects.values_list("camera_id", flat=True)) == {far.pk}
    assert camera_sights_stale() == []


@pytest.mark.django_db
def test_what_a_ptz_watches_and_what_it_could_are_stored_apart() -> None:
    ptz = make_camera("PTZ", kind="ptz", fov_deg=60.0)
    fixed = make_camera("FIXED", fov_deg=60.0)
    blind = make_camera("BLIND", kind="ptz", heading_deg=None)
    sights_step()

    def area(camera: Camera, mode: str) -> float:
        return CameraSight.objects.get(camera=camera, mode=mode, level="visible").area_m2

    assert area(ptz, "now") == pytest.approx(area(fixed, "now"))
    assert area(ptz, "reach") == pytest.approx(6 * area(ptz, "now"), rel=1e-3)
    assert not CameraSight.objects.filter(camera=fixed, mode="reach").exists()
    assert not CameraSight.objects.filter(camera=blind, mode="now").exists()
    assert area(blind, "reach") == pytest.approx(area(ptz, "reach"))


def test_a_digest_notices_what_the_feed_missed(near_and_far: tuple[Camera, Camera]) -> None:
    near, _far = near_and_far
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE layers_building DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE layers_building SET height_m = 40 WHERE ST_YMax(geom) < %s", [FAR[1]]
        )
        cursor.execute("ALTER TABLE layers_building ENABLE TRIGGER USER")
    assert not SightChange.objects.exists()
    assert camera_sights_stale() == [near.pk]
    tasks.sights_verify()
    sights_step()
    assert camera_sights_stale() == []
    assert Event.objects.get(kind="coverage.sights").payload["ids"] == [near.pk]


def test_killed_in_the_middle_nothing_is_lost(
    near_and_far: tuple[Camera, Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    near, _far = near_and_far

    def killed(*_args: Any, **_kwargs: Any) -> None:
        raise KeyboardInterrupt

    Camera.objects.filter(pk=near.pk).update(heading_deg=120.0)
    before = CameraSight.objects.get(camera=near, mode="now", level="visible")
    with monkeypatch.context() as patched:
        patched.setattr(feed, "event_publish", killed)
        with pytest.raises(KeyboardInterrupt):
            sight_changes_work()
    kept = CameraSight.objects.get(camera=near, mode="now", level="visible")
    assert (kept.inputs_hash, kept.pk) == (before.inputs_hash, before.pk)
    assert SightChange.objects.count() == 1
    assert sights_step()
    assert camera_sights_stale() == []


def test_a_view_that_cannot_be_computed_is_none_rather_than_stale(
    near_and_far: tuple[Camera, Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = near_and_far
    drawn = views.visible_regions

    def fails(scene: Any, cameras: Any, levels: Any) -> Any:
        if any(camera.heading_deg == pytest.approx(77.0, abs=2.0) for camera in cameras):
            raise ArithmeticError
        return drawn(scene, cameras, levels)

    monkeypatch.setattr(views, "visible_regions", fails)
    Camera.objects.filter(pk=near.pk).update(heading_deg=77.0)
    Camera.objects.filter(pk=far.pk).update(heading_deg=10.0)
    assert sights_step()
    assert set(CameraSight.objects.values_list("camera_id", flat=True)) == {far.pk}
    assert camera_sights_stale() == [near.pk]
    monkeypatch.setattr(views, "visible_regions", drawn)
    sight_changes_check()
    sights_step()
    assert camera_sights_stale() == []


def test_an_import_writes_few_changes(near_and_far: tuple[Camera, Camera]) -> None:
    Building.objects.bulk_create(
        [
            Building(geom=MultiPolygon(Polygon.from_bbox(block(x, y)), srid=4326))
            for x in range(-1000, 1000, 40)
            for y in range(-1000, 1000, 40)
        ],
        batch_size=5000,
    )
    assert 1 <= SightChange.objects.count() <= 36


def test_many_stale_views_are_a_job(
    near_and_far: tuple[Camera, Camera], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        make_camera(f"MORE{number}")
    monkeypatch.setattr(watch, "MANY", 3)
    monkeypatch.setattr(feed, "BATCH", 2)
    monkeypatch.setattr(tasks, "BATCH", 2)
    assert not sights_step()
    assert not sights_step()
    job = Job.objects.get(kind=tasks.SIGHTS)
    assert len(camera_sights_stale()) == 5
    assert job_run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert job.result == {"cameras": 5}
    assert camera_sights_stale() == []
    assert sights_step()


@pytest.mark.django_db
def test_a_change_does_not_wait_for_the_check_of_every_view() -> None:
    cameras = [make_camera(f"C-{n}", lon=FAR[0], lat=FAR[1] + 0.001 * n) for n in range(6)]
    assert sights_step()
    Event.objects.all().delete()
    sight_changes_check()
    feed.sight_changes_resolve()
    for camera in (cameras[3], cameras[1]):
        Camera.objects.filter(pk=camera.pk).update(heading_deg=camera.heading_deg + 90.0)
        assert sight_changes_work(limit=2) == 2
        assert Event.objects.latest("id").payload["ids"] == [camera.pk]
    assert sights_step()
    assert camera_sights_stale() == []


@pytest.mark.django_db(transaction=True)
def test_a_camera_in_another_process_hands_is_left_to_it() -> None:
    camera = make_camera("C")
    with psycopg.connect(**_libpq()) as other:
        other.execute(
            "SELECT pg_advisory_xact_lock((%s::bigint << 48) | %s)", [feed.LOCK_SPACE, camera.pk]
        )
        assert sight_changes_work() == 0
        assert SightChange.objects.count() == 1
    assert sight_changes_work() == 1
    assert camera_sights_stale() == []


@pytest.fixture
def refresher(transactional_db: None) -> Iterator[SightWatch]:
    """A running refresher."""
    running = SightWatch()
    running.start()
    yield running
    running.stop()
    assert not running.alive


def _libpq() -> dict[str, Any]:
    settings = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}  # fmt: skip
    return {ours: settings[theirs] for ours, theirs in names.items() if settings[theirs]}


def test_a_commit_wakes_the_refresher_and_the_event_follows(refresher: SightWatch) -> None:
    with psycopg.connect(**_libpq(), autocommit=True) as listener:
        listener.execute("LISTEN ncc_events")
        with transaction.atomic():
            camera = make_camera("C")
        deadline = time.monotonic() + 60
        told: list[int] = []
        while camera.pk not in told and time.monotonic() < deadline:
            for _note in listener.notifies(timeout=1, stop_after=1):
                pass
            told = [
                number
                for event in Event.objects.filter(kind="coverage.sights")
                for number in event.payload["ids"]
            ]
    assert camera.pk in told
    assert camera_sights_stale() == []


@pytest.mark.django_db
def test_asking_again_computes_nothing() -> None:
    camera = make_camera("C")
    assert camera_sights_refresh() == [camera.pk]
    assert camera_sights_refresh() == []
