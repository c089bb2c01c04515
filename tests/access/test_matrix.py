"""Every address × every role: who gets in, and that what is closed stays closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from layers.access.gate import BY_KEY, asks_its_own_site, policy_of
from layers.access.models import Grant, Role
from layers.access.policies import ABILITIES, PUBLIC, Can, rights_of
from layers.assets.models import WifiHotspot
from layers.checks import open_views
from tests.factories import make_agency, make_area, make_camera, make_incident, make_unit, make_user

#: Sample values for the converters of addresses.
SAMPLES = {
    "layer": "cctv", "feature_id": "1", "job_id": "1", "run_id": "1", "z": "1", "x": "1", "y": "0", "plan_id": "1",
    "report_id": "1", "token": "x", "form": "json", "service_code": "x", "incident_id": "1", "unit_id": "1", "site_id": "1", "name": "x", "number": "x", "callsign": "x", "camera_id": "1",
    "closure_id": "1", "code": "x",
    "call_id": "1", "assignment_id": "1", "attachment_id": "1",
    "request_id": "1", "act": "gain", "kind": "pdf", "turn_id": "1",
}  # fmt: skip


def addresses() -> list[tuple[str, frozenset[str]]]:
    """Every address of ours with sample values, and the policy its view states."""
    found: list[tuple[str, frozenset[str]]] = []

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                if not asks_its_own_site(app_name=pattern.app_name or ""):
                    walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                if asks_its_own_site(module=getattr(pattern.callback, "__module__", "")):
                    continue
                route = prefix + str(pattern.pattern)
                for name in pattern.pattern.converters:
                    kind = route.split(f":{name}>")[0].rsplit("<", 1)[-1]
                    route = route.replace(
                        f"<{kind}:{name}>" if f"<{kind}:{name}>" in route else f"<{name}>",
                        SAMPLES[name],
                    )
                found.append((route, policy_of(pattern.callback) or frozenset()))

    walk(get_resolver().url_patterns, "/")
    return found


@pytest.mark.django_db
def test_every_address_states_a_policy() -> None:
    assert open_views() == []
    assert len(addresses()) > 15


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["visitor", "nobody", *Role.values])
def test_who_gets_in_is_what_the_policy_says(role: str, client: Client) -> None:
    abilities = {Can.SEE_PUBLIC}
    if role != "visitor":
        agency = make_agency()
        user = make_user("someone", *([(role, agency)] if role != "nobody" else []))
        client.force_login(user)
        abilities |= ABILITIES.get(role, frozenset())
    for address, policy in addresses():
        if address.startswith("/events/"):
            continue
        response = client.get(address, headers={"Accept": "application/json"})
        inside = bool(policy & abilities)
        if inside:
            assert response.status_code not in {401, 403}, (role, address, response.status_code)
        else:
            # An address that is opened by a key alone asks for the key in the method it has.
            closed = {401, 403, 405} if BY_KEY in policy else {401, 403}
            assert response.status_code in closed, (role, address, response.status_code)
        assert response.status_code < 500 or response.status_code == 503, (role, address)


@pytest.mark.django_db
def test_user_without_agency_sees_what_the_public_sees() -> None:
    assert rights_of(make_user("lone")) == PUBLIC.__class__(
        user_id=rights_of(make_user("lone2")).user_id - 1, abilities=PUBLIC.abilities
    )


@pytest.mark.django_db
def test_expired_or_revoked_grant_counts_for_nothing_on_the_next_request(client: Client) -> None:
    user = make_user("d", (Role.DISPATCHER, make_agency()))
    client.force_login(user)
    assert client.get("/api/v1/units/nearest?lon=112.6&lat=-7.9").status_code != 403
    Grant.objects.filter(user=user).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/units/nearest?lon=112.6&lat=-7.9").status_code == 403
    Grant.objects.filter(user=user).update(expires_at=None, revoked_at=timezone.now())
    assert client.get("/api/v1/units/nearest?lon=112.6&lat=-7.9").status_code == 403


@pytest.mark.django_db
def test_the_neighbouring_government_sees_none_of_the_citys_data(client: Client) -> None:
    city = make_agency("dishub", government="35.73")
    other = make_agency("dishub-kab", government="35.07")
    make_area()
    camera = make_camera("HIDDEN", agency=city, is_public=False)
    incident = make_incident("SECRET-1", agency=city)
    make_unit("CITY-1", agency=city)
    client.force_login(make_user("kab", (Role.SUPERVISOR, other)))
    assert client.get(f"/api/v1/features/cctv/{camera.pk}").status_code == 404
    assert client.get(f"/api/v1/features/incidents/{incident.pk}").status_code == 404
    body = client.get("/api/v1/layers/units/features").content.decode()
    assert "CITY-1" not in body


@pytest.mark.django_db
def test_never_public_fields_stay_out_of_public_answers(client: Client) -> None:
    make_area()
    agency = make_agency()
    shown = make_camera(
        "OPEN", agency=agency, is_public=True, stream_url="rtsp://user:geheim@10.0.0.9/live"
    )
    make_camera("CLOSED", agency=agency, is_public=False, lon=112.631)
    make_unit("UNIT-1", agency=agency)
    make_incident("N-77", agency=agency)
    WifiHotspot.objects.create(code="W1", name="Taman", geom=Point(112.63, -7.98, srid=4326))
    bodies = [
        client.get(address).content.decode(errors="replace")
        for address in (
            f"/api/v1/features/cctv/{shown.pk}", "/api/v1/layers", "/api/v1/layers/cctv/features",
            "/api/v1/layers/units/features", "/api/v1/layers/incidents/features", "/api/v1/search?q=CLOSED",
            "/api/v1/search?q=UNIT-1", "/api/v1/search?q=N-77", "/tiles/cctv/14/13316/8558.mvt",
        )
    ]  # fmt: skip
    for body in bodies:
        for secret in ("geheim", "rtsp://", "10.0.0.9", 'CLOSED"', 'UNIT-1"', 'N-77"'):
            assert secret not in body, secret


@pytest.mark.django_db
def test_posting_without_the_page_token_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("p", (Role.PLANNER, make_agency())))
    answer = client.post(
        "/api/v1/coverage/runs", data={"level": "detect"}, content_type="application/json"
    )
    assert answer.status_code == 403
