-- Every unit at its last fix, or at its station where it never sent one, with what a recommendation
-- asks, in the order of callsigns. A crew is a number or a list.
SELECT unit.id, unit.callsign, unit.kind, unit.capabilities,
       unit.agency_id, agency.code, agency.name,
       unit.station_id, station.name,
       status.code, status.status_class,
       CASE jsonb_typeof(unit.attributes -> 'crew')
           WHEN 'number' THEN floor((unit.attributes ->> 'crew')::float8)::int
           WHEN 'array' THEN jsonb_array_length(unit.attributes -> 'crew')
       END,
       coalesce(ST_X(fix.geom), ST_X(station.geom)),
       coalesce(ST_Y(fix.geom), ST_Y(station.geom)),
       extract(epoch FROM %(now)s - fix.fix_at)::float8,
       fix.id IS NULL AND station.id IS NOT NULL,
       fix.max_age_s,
       post.code, post.name, ST_X(post.geom), ST_Y(post.geom),
       -- What belongs to no agency is the home government's (layers/places/home.py).
       CASE WHEN agency.id IS NULL THEN
           (SELECT city.code FROM layers_area AS city
             WHERE city.level = 'kota'
               AND city.code IN (SELECT government FROM layers_agency WHERE government <> '')
             ORDER BY city.id LIMIT 1)
           ELSE agency.government END,
       -- What tells one state of the agencies' rules from every other.
       (SELECT md5(coalesce(string_agg(concat_ws('.', rule.id, rule.xmin, rule.ctid, owner.xmin, owner.ctid), ',' ORDER BY rule.id), ''))
          FROM layers_agencyrule AS rule JOIN layers_agency AS owner ON owner.id = rule.agency_id)
FROM layers_unit AS unit
JOIN layers_unitstatus AS status ON status.id = unit.status_id
LEFT JOIN layers_agency AS agency ON agency.id = unit.agency_id
LEFT JOIN layers_station AS station ON station.id = unit.station_id
LEFT JOIN layers_station AS post ON post.id = unit.post_id
LEFT JOIN layers_unitposition AS fix ON fix.unit_id = unit.id
ORDER BY unit.callsign
