-- Names of areas at a point inside each, for the base map.
SELECT ST_AsMVT(tile, 'area_labels', %(extent)s, 'geom', 'id')
FROM (
    SELECT id, name, level,
           ST_AsMVTGeom(
               ST_Transform(inside, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(extent)s, %(buffer)s, true
           ) AS geom
    FROM (
        SELECT id, name, level, ST_PointOnSurface(geom) AS inside
        FROM layers_area
        WHERE geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
          AND level = ANY (%(levels)s)
    ) AS named
) AS tile
WHERE tile.geom IS NOT NULL
