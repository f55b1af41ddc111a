-- A trigger of the house on a table of the ledger writes a touchpoint itself, and the plan of the statement that
-- it was fired by is outdated meanwhile: by anybody's new schema, here by one of its own.
SET client_min_messages = error;
SET timezone = 'UTC';
SELECT ledger_create('nested') IS NOT NULL AS made;
CREATE FUNCTION nested.follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('nested.follow', true) = 'on' THEN
    PERFORM set_config('nested.follow', 'off', false);
    EXECUTE 'CREATE SCHEMA nested_more';
    INSERT INTO nested.touchpoint (customer_id, kind, occurred_at) VALUES (2, 'purchase', '2024-03-01');
    INSERT INTO nested.touchpoint (customer_id, kind, occurred_at) VALUES (2, 'signup', '2023-01-01'), (3, 'login', '2023-01-01');
    EXECUTE 'DROP SCHEMA nested_more';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER follow AFTER UPDATE ON nested.customer FOR EACH STATEMENT EXECUTE FUNCTION nested.follow();
-- until plans are kept
DO $$ BEGIN
  FOR i IN 1 .. 8 LOOP
    INSERT INTO nested.touchpoint (customer_id, kind, occurred_at) VALUES (1 + i % 2, 'purchase', timestamptz '2024-01-01' + i * interval '1 day');
  END LOOP;
END $$;
SET nested.follow = 'on';
INSERT INTO nested.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'purchase', '2023-12-01');
SET nested.follow = 'on';
UPDATE nested.touchpoint SET occurred_at = occurred_at - interval '1 hour' WHERE customer_id = 1;
SET nested.follow = 'on';
SELECT ledger_tick('nested', '2025-01-01') > 0 AS ticked;
SELECT customer_id, stage, touchpoint_count FROM nested.customer ORDER BY 1;
SELECT count(*) AS wrong FROM ledger_check('nested');
DROP TRIGGER follow ON nested.customer;
SELECT ledger_drop('nested', 'nested');
