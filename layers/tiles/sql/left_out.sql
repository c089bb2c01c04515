-- Says in the tile itself that a layer was cut to the byte budget, and by how many features.
SELECT ST_AsMVT(note, 'left_out', %(extent)s, 'geom')
FROM (
    SELECT ST_GeomFromText('POINT(0 0)') AS geom,
           jsonb_build_object('layer', %(layer)s::text, 'left_out', %(left_out)s::bigint) AS props
) AS note
