-- Points of one tile out of the clusters made ahead; a cluster of one carries its point's id.
SELECT ST_AsMVT(tile, %(name)s, %(extent)s, 'geom', 'id')
FROM (
    SELECT feature_id AS id,
           coalesce(props, jsonb_build_object('point_count', n)) AS props,
           ST_AsMVTGeom(
               ST_SetSRID(ST_MakePoint(x, y), 3857),
               ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(extent)s, %(buffer)s, true
           ) AS geom
    FROM layers_tilecluster
    WHERE layer = %(layer)s AND audience = %(audience)s AND z = %(z)s
      AND cx BETWEEN %(west)s AND %(east)s AND cy BETWEEN %(north)s AND %(south)s
) AS tile
WHERE tile.geom IS NOT NULL
