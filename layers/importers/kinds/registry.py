"""Every layer a file can hold, by name."""

from __future__ import annotations

from layers.errors import InvalidInput
from layers.importers.kinds import areas, assets, cctv, ground, incidents, reference, units
from layers.importers.kinds.spec import Layer

_LAYERS: tuple[type[Layer], ...] = (
    cctv.Cctv, assets.Wifi, assets.Stations,
    units.Units, incidents.Incidents, incidents.Calls, incidents.Assignments,
    areas.Areas, ground.Roads, ground.Buildings, ground.Places, ground.Ground,
    reference.Agencies, reference.CameraModels, reference.IncidentTypes, reference.UnitStatuses,
    reference.RunCards, reference.DemandProfiles, reference.OpticsStandards,
)  # fmt: skip
LAYERS: dict[str, Layer] = {layer.name: layer() for layer in _LAYERS}
_OTHER_NAMES = {"cameras": "cctv", "streets": "roads", "hotspots": "wifi", "water": "landcover"}


def layer_named(name: str) -> Layer:
    """The declaration of a layer; raises `InvalidInput` that lists them."""
    found = LAYERS.get(_OTHER_NAMES.get(name, name))
    if found is None:
        raise InvalidInput(
            f"no layer {name!r}", value=name, remedy=f"choose one of {', '.join(sorted(LAYERS))}"
        )
    return found
