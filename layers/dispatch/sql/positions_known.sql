-- What is known of the units a flush speaks of, by id or by callsign.
SELECT u.id, u.callsign, u.agency_id, s.status_class,
       ST_X(p.geom), ST_Y(p.geom), p.fix_at, p.accuracy_m, coalesce(p.online, false),
       ST_X(t.geom), ST_Y(t.geom)
  FROM layers_unit u
  JOIN layers_unitstatus s ON s.id = u.status_id
  LEFT JOIN layers_unitposition p ON p.unit_id = u.id
  LEFT JOIN layers_station t ON t.id = u.station_id
 WHERE u.id = ANY(%(unit_ids)s) OR u.callsign = ANY(%(callsigns)s)
