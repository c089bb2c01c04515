"""ASGI entry point: pages, API, tiles and event streams."""

import gc
import logging
import os
import threading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ncc_geo.settings")

import django
from django.core.signals import request_finished

from layers.jobs.cluster.lifeline import end_with_parent

if os.environ.get("NCC_SUPERVISED"):
    # The server's own child processes: the kernel takes them along with their parent.
    end_with_parent()

django.setup(set_prefix=False)

from layers.api.position_door import PositionDoor  # noqa: E402 - models come with the application
from layers.live.streams import LiveHandler  # noqa: E402

_pages = LiveHandler()

application = PositionDoor(_pages)


def _load_engines() -> None:
    """Bring the engines into this process before a dispatcher asks: imports, kernels, graph."""
    try:
        from django.db import connection

        from layers.coverage.regions import warm_up
        from layers.geo.kernels import compiling
        from layers.management.commands.compile_kernels import compile_routing
        from layers.network.costing import COSTINGS
        from layers.network.store import routers

        with compiling():
            compile_routing()
            warm_up()
        try:
            for region in routers().regions:
                for costing in COSTINGS.values():
                    region.router.costed(costing)
        finally:
            connection.close()
        # What is here now stays: collections that look through it again hold up every request.
        gc.collect()
        gc.freeze()
    except Exception as error:  # the page that needs it says what is missing
        logging.getLogger(__name__).info("engines not loaded yet: %s", error)


def _after_the_first_answer(**_: object) -> None:
    request_finished.disconnect(_after_the_first_answer)
    threading.Thread(target=_load_engines, name="engines", daemon=True).start()


if os.environ.get("NCC_PROCESS") == "web":
    # The site answers first; what the consoles need comes right behind.
    request_finished.connect(_after_the_first_answer, weak=False)
