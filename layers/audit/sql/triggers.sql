-- History that no statement escapes: row triggers write what changed, whoever changed it and how.
-- The function runs as its owner, so the serving role needs no right on the history table at all.
CREATE OR REPLACE FUNCTION layers_record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    secret_columns text[] := coalesce(TG_ARGV, ARRAY[]::text[]);
    before_row jsonb;
    after_row jsonb;
    column_name text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO layers_change (at, transaction, actor_id, actor, source, table_name, row_id, action)
        VALUES (clock_timestamp(), txid_current(),
                nullif(current_setting('ncc.actor_id', true), '')::bigint,
                coalesce(nullif(current_setting('ncc.actor', true), ''), session_user),
                coalesce(nullif(current_setting('ncc.source', true), ''), 'sql'),
                TG_TABLE_NAME, '*', 'T');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN before_row := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN after_row := to_jsonb(NEW); END IF;
    IF TG_OP = 'UPDATE' AND before_row = after_row THEN RETURN NULL; END IF;
    FOREACH column_name IN ARRAY secret_columns LOOP
        -- Secrets are recorded as changed or present, never as text.
        IF TG_OP = 'UPDATE' AND before_row -> column_name IS DISTINCT FROM after_row -> column_name THEN
            before_row := jsonb_set(before_row, ARRAY[column_name], '"(before)"');
            after_row := jsonb_set(after_row, ARRAY[column_name], '"(changed)"');
        ELSE
            IF before_row ? column_name THEN
                before_row := jsonb_set(before_row, ARRAY[column_name], '"(kept back)"');
            END IF;
            IF after_row ? column_name THEN
                after_row := jsonb_set(after_row, ARRAY[column_name], '"(kept back)"');
            END IF;
        END IF;
    END LOOP;
    INSERT INTO layers_change
        (at, transaction, actor_id, actor, source, table_name, row_id, action, before, after)
    VALUES (clock_timestamp(), txid_current(),
            nullif(current_setting('ncc.actor_id', true), '')::bigint,
            coalesce(nullif(current_setting('ncc.actor', true), ''), session_user),
            coalesce(nullif(current_setting('ncc.source', true), ''), 'sql'),
            TG_TABLE_NAME, coalesce(after_row ->> 'id', before_row ->> 'id', ''),
            left(TG_OP, 1),
            CASE WHEN TG_OP = 'UPDATE' THEN (
                SELECT jsonb_object_agg(old_pair.key, old_pair.value) FROM jsonb_each(before_row) AS old_pair
                WHERE old_pair.value IS DISTINCT FROM after_row -> old_pair.key)
            ELSE before_row END,
            CASE WHEN TG_OP = 'UPDATE' THEN (
                SELECT jsonb_object_agg(new_pair.key, new_pair.value) FROM jsonb_each(after_row) AS new_pair
                WHERE new_pair.value IS DISTINCT FROM before_row -> new_pair.key)
            ELSE after_row END);
    RETURN NULL;
END $$;

-- The history itself takes no UPDATE, DELETE or TRUNCATE, from its owner neither, unless retention says so.
CREATE OR REPLACE FUNCTION layers_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('ncc.retention', true), '') = 'on' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

-- Counts a transaction that changed a layer. Inserting never waits for another writer, so no lock
-- order can arise from it; the version becomes visible with the change itself, at commit.
CREATE OR REPLACE FUNCTION layers_move_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layers_layermove (layer, transaction) VALUES (TG_ARGV[0], txid_current())
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE OR REPLACE VIEW layers_layerversion AS
SELECT layer, sum(version)::bigint AS version
FROM (SELECT layer, version FROM layers_layerbase
      UNION ALL SELECT layer, count(*) FROM layers_layermove GROUP BY layer) AS counted
GROUP BY layer;
