--
-- ledger: settings are checked when they are written, or each write or reading to come would fail
--

CREATE FUNCTION ledger_check_zone(zone text) RETURNS boolean
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
BEGIN
  -- both as a setting of the session and as AT TIME ZONE has it
  PERFORM set_config('TimeZone', zone, true), now() AT TIME ZONE zone;
  RETURN true;
EXCEPTION WHEN invalid_parameter_value OR invalid_text_representation THEN
  RETURN false;
END $$;
COMMENT ON FUNCTION ledger_check_zone(text) IS 'is there such a time zone?';

CREATE FUNCTION ledger_check_length(given text) RETURNS boolean
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN given::interval > '0' AND given::interval < '1000 years';
EXCEPTION WHEN data_exception THEN
  RETURN false;
END $$;
COMMENT ON FUNCTION ledger_check_length(text) IS 'is this a length of time, more than nothing and less than 1000 years?';

CREATE FUNCTION ledger_setting_forms(OUT name text, OUT form text) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 17
BEGIN ATOMIC
  VALUES ('time_zone'::text, 'zone'::text), ('silence_after', 'length'), ('onboarding_lasts', 'length'), ('future_tolerance', 'length'),
         ('reply_within', 'length'), ('events_kept', 'length'), ('session_gap', 'length'), ('attribution_lookback', 'length'),
         ('events', 'switch'), ('notify', 'switch'), ('unusable', 'unusable'), ('health_every', 'every'), ('health_min_coverage', 'share'),
         ('margin', 'share'), ('kpi_grains', 'grains'), ('partition_by', 'period'), ('partitions_ahead', 'number');
END;
COMMENT ON FUNCTION ledger_setting_forms() IS 'the settings that a ledger may have, and the form that a value of each has';

CREATE FUNCTION ledger_setting_fits(form text, value text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CASE form
    WHEN 'zone' THEN @extschema@.ledger_check_zone(value)
    WHEN 'length' THEN @extschema@.ledger_check_length(value)
    WHEN 'period' THEN @extschema@.ledger_check_length(value)
    WHEN 'switch' THEN value IN ('on', 'off')
    WHEN 'unusable' THEN value IN ('keep', 'reject', 'error')
    WHEN 'every' THEN value IN ('day', 'week', 'month', 'never')
    WHEN 'share' THEN value ~ '^(0?\.[0-9]+|0\.?|1(\.0*)?)$'
    WHEN 'number' THEN value ~ '^[0-9]{1,3}$'
    WHEN 'grains' THEN NOT EXISTS (SELECT FROM pg_catalog.string_to_table(pg_catalog.replace(value, ' ', ''), ',') g WHERE g NOT IN ('', 'day', 'week', 'month', 'quarter', 'year'))
  END;
COMMENT ON FUNCTION ledger_setting_fits(text, text) IS 'part of ledger_check_setting(): has the value of a setting this form, of ledger_setting_forms()?';

CREATE FUNCTION ledger_setting_hint(form text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE form
    WHEN 'zone' THEN 'Give a name of pg_timezone_names, such as ''Europe/Berlin''.'
    WHEN 'length' THEN 'Give a length of time, more than nothing, such as ''30 minutes'' or ''90 days''.'
    WHEN 'period' THEN 'Give a number of months, or of days, such as ''1 month'' or ''7 days''.'
    WHEN 'switch' THEN 'It is on or off.'
    WHEN 'unusable' THEN 'It is keep, reject or error.'
    WHEN 'every' THEN 'It is day, week, month or never.'
    WHEN 'share' THEN 'Give a share, 0 to 1, such as ''0.4''.'
    WHEN 'number' THEN 'Give a number of periods, 0 to 999.'
    WHEN 'grains' THEN 'Lengths of periods are day, week, month, quarter and year, such as ''month, quarter''.'
  END;
COMMENT ON FUNCTION ledger_setting_hint(text) IS 'part of ledger_check_setting(): what to write instead of a value that has not this form';

CREATE FUNCTION ledger_check_setting() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  form text := (SELECT f.form FROM @extschema@.ledger_setting_forms() f WHERE f.name = NEW.name);
BEGIN
  IF form IS NULL THEN
    -- what is there from before this was checked may stay
    IF TG_OP = 'UPDATE' AND NEW.name = OLD.name THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'ledger "%" has no setting "%"', TG_TABLE_SCHEMA, NEW.name
      USING ERRCODE = 'undefined_object', DETAIL = 'Nothing would read it.',
            HINT = format('Settings are %s.', (SELECT string_agg(f.name, ', ' ORDER BY f.name) FROM @extschema@.ledger_setting_forms() f));
  END IF;
  IF NOT @extschema@.ledger_setting_fits(form, NEW.value) THEN
    RAISE EXCEPTION 'setting "%" of ledger "%" cannot be "%"', NEW.name, TG_TABLE_SCHEMA, NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = @extschema@.ledger_setting_hint(form);
  END IF;
  IF form = 'period' THEN
    PERFORM @extschema@.ledger_check_period(NEW.value::interval);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ledger_check_setting() IS 'trigger on a ledger''s table setting: refuses names that nothing reads, and values that its writes and views would stumble over';
