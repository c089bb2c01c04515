"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from layers.pages import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("layers.tiles.urls")),
    path("", include("layers.live.urls")),
    path("healthz", views.healthz, name="healthz"),
]
