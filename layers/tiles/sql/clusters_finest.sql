-- The finest clusters of a layer for one audience. {rows} gives id, t_geom, t_props of every row.
WITH picked AS (
    {rows}
), placed AS (
    SELECT id, t_props, ST_X(point) AS x, ST_Y(point) AS y
    FROM picked, LATERAL ST_Transform(t_geom, 3857) AS point
)
INSERT INTO layers_tilecluster (layer, audience, z, cx, cy, n, x, y, feature_id, props)
SELECT %(layer)s, %(audience)s, %(z)s,
       floor((x + %(half_world)s) / %(cell)s)::int, floor((%(half_world)s - y) / %(cell)s)::int,
       count(*), avg(x), avg(y),
       CASE WHEN count(*) = 1 THEN min(id) END,
       CASE WHEN count(*) = 1 THEN jsonb_strip_nulls((array_agg(t_props::jsonb))[1]) END
FROM placed
GROUP BY 4, 5
