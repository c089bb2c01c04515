"""Address of the event stream."""

from django.urls import path

from layers.live.streams import event_stream

urlpatterns = [path("events/", event_stream, name="events")]
