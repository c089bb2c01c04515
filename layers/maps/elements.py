"""Our folium elements: each writes one call into the page's module script, with JSON and nothing else.

folium's own elements run script from names, popups and tooltips. These pass configuration only;
features reach the page through tiles and the API, and their text is set as text.
"""

from __future__ import annotations

import json
from typing import Any

import folium
from branca.element import MacroElement
from django.templatetags.static import static
from jinja2 import Template


def script_json(value: Any) -> str:
    """JSON that is safe inside a script element: no `<`, `>`, `&` or line separators in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class MapCanvas(folium.Map):
    """The map itself: Leaflet from our own address, no tiles, no style of folium's."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="map-canvas" id="{{ this.get_name() }}" role="application"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = ncc.createMap({{ this.configuration }});
        {% endmacro %}
        """
    )

    def __init__(self, *, view: dict[str, Any]) -> None:
        super().__init__(location=[view["lat"], view["lon"]], zoom_start=view["zoom"], tiles=None)
        # Instance attributes: folium's lists belong to the class and are shared by every map.
        self.default_js = [
            ("leaflet", static("vendor/leaflet/leaflet.js")),
            ("protomaps", static("vendor/protomaps-leaflet/protomaps-leaflet.js")),
        ]
        self.default_css = [
            ("leaflet_css", static("vendor/leaflet/leaflet.css")),
            ("map_css", static("layers/css/map.css")),
        ]
        self._view = view

    @property
    def configuration(self) -> str:
        """The map's options as script-safe JSON."""
        return script_json({**self._view, "container": self.get_name()})

    def render(self, **kwargs: Any) -> None:
        """Render as folium does, without the global switches it writes in a script of its own."""
        figure = self.get_root()
        for name, url in self.default_css:
            figure.header.add_child(folium.elements.CssLink(url), name=name)
        for name, url in self.default_js:
            figure.header.add_child(folium.elements.JavascriptLink(url), name=name)
        MacroElement.render(self, **kwargs)


class MapElement(MacroElement):
    """Base of what is added to a `MapCanvas`: one call of the page's map module."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            ncc.{{ this.function }}({{ this._parent.get_name() }}, {{ this.configuration }});
        {% endmacro %}
        """
    )
    function = ""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._name = type(self).__name__
        self._options = options

    @property
    def configuration(self) -> str:
        """The call's options as script-safe JSON."""
        return script_json(self._options)


class Basemap(MapElement):
    """The base map out of our own vector tiles, or an outside tile server beside it."""

    function = "addBasemap"


class VectorTileLayer(MapElement):
    """A layer of the catalogue drawn from vector tiles."""

    function = "addTileLayer"


class LiveLayer(MapElement):
    """A layer of the catalogue whose features arrive by API and then by events."""

    function = "addLiveLayer"


class CameraSectors(MapElement):
    """Wedges that show where cameras look, drawn from a tile layer's own properties."""

    function = "addCameraSectors"


class Legend(MapElement):
    """Layer control with legend: shape, colour and name of everything that can be drawn."""

    function = "addLegend"
