-- One layer of one tile. {rows} gives id, t_geom (EPSG:4326), t_props, t_rank, t_total: the rows
-- whose index entry meets the tile, best rank first, cut at the row limit. What does not fit the
-- byte budget is dropped from the worst rank up; a feature's bytes are estimated, the caller measures.
-- Answers: the tile, features in it, features left out.
WITH picked AS MATERIALIZED (
    {rows}
), shaped AS (
    SELECT id, t_rank, t_total, jsonb_strip_nulls(t_props::jsonb) AS props,
           ST_AsMVTGeom(
               ST_Simplify(ST_Transform(t_geom, 3857), %(tolerance)s, true),
               ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(extent)s, %(buffer)s, true
           ) AS geom
    FROM picked
    WHERE %(smallest_deg)s = 0
       OR ST_XMax(t_geom) - ST_XMin(t_geom) >= %(smallest_deg)s
       OR ST_YMax(t_geom) - ST_YMin(t_geom) >= %(smallest_deg)s
), weighed AS (
    SELECT id, props, geom,
           sum(12 + 3 * ST_NPoints(geom) + octet_length(props::text) / 2) OVER (ORDER BY t_rank) AS running
    FROM shaped
    WHERE geom IS NOT NULL
)
SELECT ST_AsMVT(tile, %(name)s, %(extent)s, 'geom', 'id'),
       count(tile.id),
       (SELECT count(*) FROM weighed) - count(tile.id)
           + greatest(0, coalesce((SELECT max(t_total) FROM picked), 0) - %(row_limit)s)
FROM (SELECT id, props, geom FROM weighed WHERE running <= %(budget)s ORDER BY running) AS tile
