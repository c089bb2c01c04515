-- Names of streets on lines long and straight enough to write along: pieces of one name joined,
-- simplified to a few pixels, the longest first.
WITH named AS (
    SELECT name, road_class,
           ST_Simplify(ST_LineMerge(ST_Collect(ST_Transform(geom, 3857))), %(tolerance)s) AS joined
    FROM layers_road
    WHERE geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
      AND minz <= %(z)s AND name <> ''
    GROUP BY name, road_class
), lines AS (
    SELECT name, road_class, part.geom AS line
    FROM named, LATERAL ST_Dump(joined) AS part
    WHERE ST_Length(part.geom) >= %(shortest)s
    ORDER BY ST_Length(part.geom) DESC
    LIMIT 400
)
SELECT ST_AsMVT(tile, 'road_labels', %(extent)s, 'geom')
FROM (
    SELECT name, road_class,
           ST_AsMVTGeom(line, ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(extent)s, %(buffer)s, true) AS geom
    FROM lines
) AS tile
WHERE tile.geom IS NOT NULL
