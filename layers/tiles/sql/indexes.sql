-- What tiles and search need beside the models' own indexes. Safe to run again.

-- Rows carry the first tile zoom they are drawn at; small scales read a small index.
CREATE INDEX IF NOT EXISTS layers_building_geom_z10 ON layers_building USING gist (geom) WHERE minz <= 10;
CREATE INDEX IF NOT EXISTS layers_building_geom_z12 ON layers_building USING gist (geom) WHERE minz <= 12;
CREATE INDEX IF NOT EXISTS layers_building_geom_z13 ON layers_building USING gist (geom) WHERE minz <= 13;
CREATE INDEX IF NOT EXISTS layers_road_geom_z8 ON layers_road USING gist (geom) WHERE minz <= 8;
CREATE INDEX IF NOT EXISTS layers_road_geom_z10 ON layers_road USING gist (geom) WHERE minz <= 10;
CREATE INDEX IF NOT EXISTS layers_road_geom_z12 ON layers_road USING gist (geom) WHERE minz <= 12;
CREATE INDEX IF NOT EXISTS layers_landcover_geom_z10 ON layers_landcover USING gist (geom) WHERE minz <= 10;
CREATE INDEX IF NOT EXISTS layers_place_geom_z12 ON layers_place USING gist (geom) WHERE minz <= 12;

-- Points gathered ahead by zoom, for one layer and one audience. A cache: it can be made again.
CREATE UNLOGGED TABLE IF NOT EXISTS layers_tilecluster (
    layer text NOT NULL,
    audience text NOT NULL,
    z smallint NOT NULL,
    cx integer NOT NULL,
    cy integer NOT NULL,
    n bigint NOT NULL CHECK (n > 0),
    x double precision NOT NULL,
    y double precision NOT NULL,
    feature_id bigint,
    props jsonb,
    PRIMARY KEY (layer, audience, z, cx, cy)
);
CREATE UNLOGGED TABLE IF NOT EXISTS layers_tileclusterstate (
    layer text NOT NULL,
    audience text NOT NULL,
    version text NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (layer, audience)
);

-- Search by any part of a name. Where the extension may not be made, search still works, slower.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm is not available: name search reads whole tables';
END $$;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') THEN RETURN; END IF;
    CREATE INDEX IF NOT EXISTS layers_road_name_trgm ON layers_road USING gin (upper(name) gin_trgm_ops) WHERE name <> '';
    CREATE INDEX IF NOT EXISTS layers_place_name_trgm ON layers_place USING gin (upper(name) gin_trgm_ops);
    CREATE INDEX IF NOT EXISTS layers_address_street_trgm ON layers_address USING gin (upper(street) gin_trgm_ops);
    CREATE INDEX IF NOT EXISTS layers_camera_name_trgm ON layers_camera USING gin (upper(name) gin_trgm_ops);
END $$;
