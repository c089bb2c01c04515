-- The smallest area that holds each point; points are numbered from 1.
SELECT DISTINCT ON (points.number) points.number, layers_area.name
FROM unnest(%(lons)s::float8[], %(lats)s::float8[]) WITH ORDINALITY AS points (lon, lat, number)
JOIN layers_area
  ON ST_Covers(layers_area.geom, ST_SetSRID(ST_MakePoint(points.lon, points.lat), 4326))
ORDER BY points.number, array_position(ARRAY['kelurahan', 'kecamatan', 'kota', 'provinsi', 'other'], layers_area.level::text)
