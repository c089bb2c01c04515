"""A changed feature changes its layer's ETag only; unchanged tiles cost no query of the layer."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from layers.catalog.versions import forget_versions
from layers.tiles.grid import tile_of
from tests import city

pytestmark = pytest.mark.django_db
WHERE = tile_of(city.LON, city.LAT, 14)
ADDRESS = f"/tiles/{{}}/14/{WHERE.x}/{WHERE.y}.mvt"


def etags(client: Client) -> dict[str, str]:
    forget_versions()
    return {
        layer: client.get(ADDRESS.format(layer))["ETag"]
        for layer in ("cctv", "wifi", "stations", "basemap")
    }


@pytest.mark.django_db(transaction=True)
def test_a_change_moves_one_layer(client: Client) -> None:
    seen = city.camera("A")
    before = etags(client)
    seen.name = "Renamed"
    seen.save()
    after = etags(client)
    assert {layer for layer in before if before[layer] != after[layer]} == {"cctv"}


@pytest.mark.django_db(transaction=True)
def test_a_bulk_change_moves_it_too(client: Client) -> None:
    city.street("Ijen", (0, 0), (1, 0))
    before = etags(client)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_road SET name = 'Semeru'")
    after = etags(client)
    assert {layer for layer in before if before[layer] != after[layer]} == {"basemap"}


def test_an_unchanged_tile_is_not_read_again(client: Client) -> None:
    city.camera("A")
    forget_versions()
    address = ADDRESS.format("cctv")
    etag = client.get(address)["ETag"]
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, headers={"if-none-match": etag})
    assert answer.status_code == 304
    assert answer.content == b""
    assert len(queries) == 0
    forget_versions()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, headers={"if-none-match": f'"x", W/{etag}'}).status_code == 304
    assert len(queries) == 1
    assert "layers_camera" not in queries[0]["sql"]


def test_a_cached_tile_is_served_from_disk(client: Client) -> None:
    city.camera("A")
    first = client.get(ADDRESS.format("cctv"))
    with CaptureQueriesContext(connection) as queries:
        second = client.get(ADDRESS.format("cctv"))
    assert second.content == first.content
    assert len(queries) == 0


def test_compression_follows_the_request(client: Client) -> None:
    import gzip

    city.camera("A")
    plain = client.get(ADDRESS.format("cctv"))
    packed = client.get(ADDRESS.format("cctv"), headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Accept-Encoding" in packed["Vary"]
    assert "Cookie" in packed["Vary"]
