-- One flush of believed fixes: last places that are newer than what is known, and the track points kept.
-- Units in ascending order, so that two processes never wait for each other in a circle.
WITH moved AS (
    INSERT INTO layers_unitposition AS was
           (unit_id, fix_at, device_at, server_at, source, speed_kph, heading_deg, accuracy_m, max_age_s, online, geom)
    SELECT unit_id, fix_at, device_at, %(now)s::timestamptz, source, speed_kph, heading_deg, accuracy_m, max_age_s,
           fix_at > %(now)s::timestamptz - make_interval(secs => coalesce(max_age_s, %(max_age_s)s)),
           ST_SetSRID(ST_MakePoint(lon, lat), 4326)
      FROM unnest(%(unit_ids)s::bigint[], %(fixes)s::timestamptz[], %(devices)s::timestamptz[], %(sources)s::text[],
                  %(speeds)s::float8[], %(headings)s::float8[], %(accuracies)s::float8[], %(ages)s::int[],
                  %(lons)s::float8[], %(lats)s::float8[])
        AS given (unit_id, fix_at, device_at, source, speed_kph, heading_deg, accuracy_m, max_age_s, lon, lat)
     ORDER BY unit_id
    ON CONFLICT (unit_id) DO UPDATE
       SET fix_at = excluded.fix_at, device_at = excluded.device_at, server_at = excluded.server_at,
           source = excluded.source, speed_kph = excluded.speed_kph, heading_deg = excluded.heading_deg,
           accuracy_m = excluded.accuracy_m, max_age_s = excluded.max_age_s, online = excluded.online,
           geom = excluded.geom
     WHERE was.fix_at IS NULL OR excluded.fix_at > was.fix_at
    RETURNING unit_id
), kept AS (
    INSERT INTO layers_unittrack (unit_id, fix_at, lon, lat, speed_kph, heading_deg)
    SELECT *
      FROM unnest(%(track_units)s::bigint[], %(track_fixes)s::timestamptz[], %(track_lons)s::float8[],
                  %(track_lats)s::float8[], %(track_speeds)s::float8[], %(track_headings)s::float8[])
    ON CONFLICT DO NOTHING
)
SELECT unit_id FROM moved
