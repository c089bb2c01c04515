-- Points of one tile gathered by cells of a grid that all tiles of a zoom share. {rows} gives id,
-- t_geom, t_props for the tile and one cell around it. A cell with one point is that point.
WITH picked AS MATERIALIZED (
    {rows}
), placed AS (
    SELECT id, t_props, ST_X(point) AS x, ST_Y(point) AS y
    FROM picked, LATERAL ST_Transform(t_geom, 3857) AS point
), cells AS (
    SELECT count(*) AS n, avg(x) AS x, avg(y) AS y, min(id) AS id, (array_agg(t_props::jsonb))[1] AS props
    FROM placed
    GROUP BY floor((x + %(half_world)s) / %(cell)s), floor((%(half_world)s - y) / %(cell)s)
)
SELECT ST_AsMVT(tile, %(name)s, %(extent)s, 'geom', 'id')
FROM (
    SELECT CASE WHEN n = 1 THEN id END AS id,
           CASE WHEN n = 1 THEN jsonb_strip_nulls(props) ELSE jsonb_build_object('point_count', n) END AS props,
           ST_AsMVTGeom(
               ST_SetSRID(ST_MakePoint(x, y), 3857),
               ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(extent)s, %(buffer)s, true
           ) AS geom
    FROM cells
) AS tile
WHERE tile.geom IS NOT NULL
