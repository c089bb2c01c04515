"""Every address of the product."""

from django.urls import path

from layers.pages import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
]
