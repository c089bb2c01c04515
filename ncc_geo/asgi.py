"""ASGI entry point: pages, API, tiles and event streams."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ncc_geo.settings")

from django.core.asgi import get_asgi_application

from layers.jobs.cluster.lifeline import end_with_parent

if os.environ.get("NCC_SUPERVISED"):
    # The server's own child processes: the kernel takes them along with their parent.
    end_with_parent()

application = get_asgi_application()
