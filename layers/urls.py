"""Every address of the product."""

from django.urls import include, path

from layers.pages import views

urlpatterns = [
    path("", include("layers.tiles.urls")),
    path("healthz", views.healthz, name="healthz"),
]
