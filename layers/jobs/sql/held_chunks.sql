-- Pieces that some connection holds: their advisory lock has 20042 (0x4E4A) in its upper 16 bits.
SELECT chunk.id
  FROM layers_job_chunk AS chunk
  JOIN pg_locks AS held
    ON held.locktype = 'advisory' AND held.objsubid = 1
   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND held.classid::bigint = (20042::bigint << 16) | (chunk.id >> 32)
   AND held.objid::bigint = chunk.id & 4294967295
 WHERE NOT chunk.done
