-- Events a reader at %(after)s has not seen, up to the horizon asked for beforehand.
SELECT id, at, kind, layer, object_id, agency_id, area_id, visibility, payload
  FROM layers_event
 WHERE id > %(after)s AND id <= %(horizon)s
 ORDER BY id
 LIMIT %(limit)s
