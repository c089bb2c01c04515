"""Addresses of tiles."""

from django.urls import path

from layers.tiles.views import tile

urlpatterns = [path("tiles/<slug:layer>/<int:z>/<int:x>/<int:y>.mvt", tile, name="tile")]
