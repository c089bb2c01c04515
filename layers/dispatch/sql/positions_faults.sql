-- Quarantined fixes: one row for a device, unit, reason and hour, which counts them and keeps the last.
INSERT INTO layers_positionfault AS was
       (device_id, unit_id, reason, hour, count, last_at, fix_at, lon, lat, detail)
SELECT device_id, unit_id, reason, date_trunc('hour', now(), 'UTC'), count, now(), fix_at, lon, lat, detail
  FROM unnest(%(device_ids)s::bigint[], %(unit_ids)s::bigint[], %(reasons)s::text[], %(counts)s::int[],
              %(fixes)s::timestamptz[], %(lons)s::float8[], %(lats)s::float8[], %(details)s::text[])
    AS given (device_id, unit_id, reason, count, fix_at, lon, lat, detail)
 ORDER BY device_id, unit_id, reason
ON CONFLICT (device_id, unit_id, reason, hour) DO UPDATE
   SET count = was.count + excluded.count, last_at = excluded.last_at, fix_at = excluded.fix_at,
       lon = excluded.lon, lat = excluded.lat, detail = excluded.detail
