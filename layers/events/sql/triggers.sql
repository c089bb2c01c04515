-- The outbox's two triggers: who writes says so before the first id is drawn, and wakes the readers.
--
-- Ids are drawn before commit, so they become visible out of order. A publisher therefore holds,
-- until its transaction ends, a shared advisory lock whose key is the highest id drawn before its
-- own; a reader goes no farther than the lowest such key (layers_event_horizon).
-- 20037 (0x4E45) marks the locks of the outbox in their upper 16 bits.

CREATE OR REPLACE FUNCTION layers_event_announce() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reached bigint;
BEGIN
    IF current_setting('ncc.event_publisher', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
        SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END
          INTO reached FROM layers_event_id_seq;
        PERFORM pg_advisory_xact_lock_shared((20037::bigint << 48) | reached);
        PERFORM set_config('ncc.event_publisher', pg_current_xact_id()::text, true);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION layers_event_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('ncc_events', (SELECT max(id)::text FROM written));
    RETURN NULL;
END $$;

-- The highest id up to which nothing more can appear. Each query of a volatile function sees
-- what is committed when that query starts: the sequence must be read before the locks, and the
-- caller reads the events afterwards, in a statement of its own.
CREATE OR REPLACE FUNCTION layers_event_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    ceiling bigint;
    lowest bigint;
BEGIN
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END
      INTO ceiling FROM layers_event_id_seq;
    SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) INTO lowest
      FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 20037
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND pid <> pg_backend_pid();
    RETURN LEAST(ceiling, lowest);
END $$;

DROP TRIGGER IF EXISTS announce ON layers_event;
CREATE TRIGGER announce BEFORE INSERT ON layers_event
    FOR EACH STATEMENT EXECUTE FUNCTION layers_event_announce();
DROP TRIGGER IF EXISTS wake ON layers_event;
CREATE TRIGGER wake AFTER INSERT ON layers_event
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION layers_event_wake();
