"""Root of the addresses; everything is declared in the app."""

from django.urls import include, path

urlpatterns = [path("", include("layers.urls"))]
