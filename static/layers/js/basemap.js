// The base map: protomaps-leaflet over our own tiles, with our own rules in a dark and a light dress.

import { currentTheme, onThemeChange } from "./theme.js";

const FONT = "system-ui, 'DejaVu Sans', sans-serif";

const DRESS = {
  dark: {
    land: "#12181e", water: "#173243", waterway: "#1c3c50", green: "#16261f", park: "#182c22", farmland: "#161f1b",
    industrial: "#191d22", rail: "#39424c", building: "#212b35", buildingEdge: "#313d49", tall: "#2c3843",
    casing: "#0d1217", minor: "#2b353f", middle: "#3a4651", major: "#4d5b67", trunk: "#6b6046", path: "#27323a",
    border: "#5c6b79", text: "#a9b6c2", soft: "#7d8b98", halo: "#0f151a", waterText: "#6f9fbd", cityText: "#dbe4ec",
  },
  light: {
    land: "#f2f0eb", water: "#b4d5e6", waterway: "#a3cbe0", green: "#dbe8d0", park: "#cfe3c2", farmland: "#eceada",
    industrial: "#e8e5e2", rail: "#b5b1ab", building: "#dfdad1", buildingEdge: "#cdc6ba", tall: "#d2cbbf",
    casing: "#d9d4ca", minor: "#ffffff", middle: "#fffdf6", major: "#fdf0c4", trunk: "#f7d898", path: "#e2ddd2",
    border: "#8b8f9a", text: "#3a444d", soft: "#66717b", halo: "#f7f5f1", waterText: "#35708f", cityText: "#1d262e",
  },
};

const TRUNK = new Set(["motorway", "trunk", "motorway_link", "trunk_link"]);
const MAJOR = new Set(["primary", "primary_link", "secondary", "secondary_link", "arteri", "kolektor"]);
const MIDDLE = new Set(["tertiary", "tertiary_link", "unclassified"]);
const PATH = new Set(["footway", "path", "steps", "cycleway", "pedestrian", "track", "bridleway", "corridor"]);

const SETTLEMENTS = new Set(["city", "town", "village", "suburb", "quarter", "neighbourhood", "hamlet", "borough", "locality"]);

function roadRank({ props }) {
  const kind = String(props.road_class);
  if (TRUNK.has(kind)) return "trunk";
  if (MAJOR.has(kind)) return "major";
  if (MIDDLE.has(kind)) return "middle";
  return PATH.has(kind) ? "path" : "minor";
}

// Width in pixels by display zoom.
const WIDTHS = {
  trunk: [[8, 1], [12, 2.6], [15, 6], [18, 18], [20, 34]],
  major: [[9, 0.8], [12, 1.8], [15, 5], [18, 15], [20, 28]],
  middle: [[11, 0.6], [13, 1.2], [15, 3.5], [18, 12], [20, 22]],
  minor: [[13, 0.5], [15, 2], [17, 5.5], [18, 9], [20, 17]],
  path: [[14, 0.5], [16, 1], [18, 2], [20, 4]],
};

export function createBasemap(L, options) {
  const P = globalThis.protomapsL;

  function paintRules(dress) {
    const land = (kind, fill) => ({
      dataLayer: "landcover",
      filter: (_z, f) => f.props.kind === kind && f.geomType === 3,
      symbolizer: new P.PolygonSymbolizer({ fill }),
    });
    const line = (kind, color, width, dash) => ({
      dataLayer: "landcover",
      filter: (_z, f) => f.props.kind === kind && f.geomType === 2,
      symbolizer: new P.LineSymbolizer({ color, width: P.exp(1.4, width), ...(dash ? { dash } : {}) }),
    });
    const road = (rank, color, widths, more = 0, minzoom = 0) => ({
      dataLayer: "roads",
      minzoom,
      filter: (_z, f) => roadRank(f) === rank,
      symbolizer: new P.LineSymbolizer({
        color,
        lineCap: "round",
        lineJoin: "round",
        width: P.exp(1.5, widths.map(([z, width]) => [z, width + more])),
      }),
    });
    return [
      land("farmland", dress.farmland), land("industrial", dress.industrial), land("green", dress.green),
      land("park", dress.park), land("water", dress.water), land("waterway", dress.waterway),
      line("waterway", dress.waterway, [[9, 1], [13, 2.5], [16, 6], [19, 18]]),
      {
        dataLayer: "buildings",
        symbolizer: new P.PolygonSymbolizer({
          fill: (_z, f) => ((f?.props.height_m ?? 0) >= 15 ? dress.tall : dress.building),
          stroke: dress.buildingEdge,
          width: (z) => (z >= 16 ? 0.7 : 0),
          perFeature: true,
        }),
      },
      line("rail", dress.rail, [[10, 0.6], [15, 1.6], [18, 3]], [6, 4]),
      road("path", dress.path, WIDTHS.path, 0, 15),
      ...["minor", "middle", "major", "trunk"].map((rank) => road(rank, dress.casing, WIDTHS[rank], 1.4, 13)),
      ...["minor", "middle", "major", "trunk"].map((rank) => road(rank, dress[rank], WIDTHS[rank])),
      ...[["kelurahan", 0.7, [2, 3]], ["kecamatan", 1.1, [6, 4]], ["kota", 1.8, [10, 4, 2, 4]]].map(([level, width, dash]) => ({
        dataLayer: "areas",
        filter: (_z, f) => f.props.level === level,
        symbolizer: new P.LineSymbolizer({ color: dress.border, width, dash, opacity: 0.8 }),
      })),
    ];
  }

  function labelRules(dress) {
    const area = (level, minzoom, maxzoom, font, fill, spacing) => ({
      dataLayer: "area_labels",
      minzoom,
      maxzoom,
      filter: (_z, f) => f.props.level === level,
      symbolizer: new P.CenteredTextSymbolizer({
        labelProps: ["name"], font, fill, stroke: dress.halo, width: 2.5, letterSpacing: spacing, lineHeight: 1.5, maxLineChars: 20, textTransform: "uppercase",
      }),
    });
    const street = (rank, minzoom, size, fill) => ({
      dataLayer: "road_labels",
      minzoom,
      filter: (_z, f) => roadRank(f) === rank,
      symbolizer: new P.LineLabelSymbolizer({
        labelProps: ["name"], font: `500 ${size}px ${FONT}`, fill, stroke: dress.halo, width: 2.5, position: 2, repeatDistance: 420,
      }),
    });
    return [
      area("kota", 8, 10, `600 15px ${FONT}`, dress.cityText, 1),
      area("kecamatan", 11, 14, `600 12px ${FONT}`, dress.text, 1.4),
      street("trunk", 13, 12, dress.text), street("major", 13, 12, dress.text),
      area("kelurahan", 14, 16, `500 10.5px ${FONT}`, dress.soft, 1),
      street("middle", 15, 11, dress.text),
      ...(options.areasNamed ? [] : [settlement(dress)]),
      {
        dataLayer: "places",
        minzoom: 15,
        filter: (_z, f) => !SETTLEMENTS.has(f.props.kind),
        symbolizer: new P.GroupSymbolizer([
          new P.CircleSymbolizer({ radius: 2.2, fill: dress.soft, stroke: dress.halo, width: 1 }),
          new P.OffsetTextSymbolizer({
            labelProps: ["name"], offsetX: 5, offsetY: 4, font: `11px ${FONT}`, fill: dress.soft, stroke: dress.halo, width: 2.5, lineHeight: 1.55, maxLineChars: 22,
          }),
        ]),
      },
      street("minor", 16, 10.5, dress.soft),
      {
        dataLayer: "landcover",
        minzoom: 14,
        filter: (_z, f) => f.props.kind === "waterway" && f.geomType === 2,
        symbolizer: new P.LineLabelSymbolizer({
          labelProps: ["name"], font: `italic 11px ${FONT}`, fill: dress.waterText, stroke: dress.halo, width: 2, position: 2, repeatDistance: 500,
        }),
      },
    ];
  }

  // Where no areas are loaded, the names of places stand for them.
  function settlement(dress) {
    return {
      dataLayer: "places",
      minzoom: 9,
      maxzoom: 16,
      filter: (_z, f) => SETTLEMENTS.has(f.props.kind),
      symbolizer: new P.CenteredTextSymbolizer({
        labelProps: ["name"], font: `600 12px ${FONT}`, fill: dress.text, stroke: dress.halo, width: 2.5, letterSpacing: 1, lineHeight: 1.5, maxLineChars: 20,
      }),
    };
  }

  function dressed() {
    const dress = DRESS[currentTheme()];
    return { paintRules: paintRules(dress), labelRules: labelRules(dress), backgroundColor: dress.land };
  }

  const layer = P.leafletLayer({
    url: options.url,
    maxDataZoom: options.maxTileZoom,
    attribution: "",
    noWrap: false,
    ...dressed(),
  });
  onThemeChange(() => {
    Object.assign(layer, dressed());
    layer.clearLayout();
    if (layer._map) layer.rerenderTiles();
  });
  return layer;
}

// What the base map has drawn at a point: [{layer, id, properties}], buildings last.
export function basemapHit(basemap, latlng, reach = 8) {
  const order = ["places", "roads", "buildings"];
  const found = [];
  for (const picked of basemap.queryTileFeaturesDebug(latlng.lng, latlng.lat, reach).values()) {
    for (const { feature, layerName } of picked) {
      if (order.includes(layerName) && feature.id) found.push({ layer: layerName, id: feature.id, properties: feature.props });
    }
  }
  return found.sort((a, b) => order.indexOf(a.layer) - order.indexOf(b.layer));
}
