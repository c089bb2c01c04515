-- A digest of the buildings within the box of each camera's reach, whatever their order.
SELECT p.id, count(b.id) || ':' || coalesce(sum(
           hashtextextended(concat_ws('|', b.id, coalesce(b.height_m::text, '-'), coalesce(b.levels::text, '-'), b.geom::text), 0)::numeric
       ), 0)
  FROM unnest(%(ids)s::bigint[], %(lon)s::float8[], %(lat)s::float8[],
              %(pad_lon)s::float8[], %(pad_lat)s::float8[]) AS p(id, lon, lat, pad_lon, pad_lat)
  LEFT JOIN layers_building AS b ON b.geom && ST_MakeEnvelope(
           p.lon - p.pad_lon, p.lat - p.pad_lat, p.lon + p.pad_lon, p.lat + p.pad_lat, 4326)
 GROUP BY p.id
