--
-- ledger: settings are checked when they are written, or each write to come would fail
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

CREATE FUNCTION ledger_check_setting() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW.name = 'time_zone' AND NOT @extschema@.ledger_check_zone(NEW.value) THEN
    RAISE EXCEPTION 'time zone "%" is not known', NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Names are in pg_timezone_names.';
  END IF;
  IF NEW.name IN ('silence_after', 'onboarding_lasts', 'future_tolerance', 'reply_within', 'events_kept') AND NOT @extschema@.ledger_check_length(NEW.value) THEN
    RAISE EXCEPTION 'setting "%" cannot be "%"', NEW.name, NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a length of time, more than nothing, such as ''90 days''.';
  END IF;
  IF NEW.name IN ('events', 'notify') AND NEW.value NOT IN ('on', 'off') OR NEW.name = 'unusable' AND NEW.value NOT IN ('keep', 'reject', 'error') THEN
    RAISE EXCEPTION 'setting "%" cannot be "%"', NEW.name, NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = format('It is %s.', CASE NEW.name WHEN 'unusable' THEN 'keep, reject or error' ELSE 'on or off' END);
  END IF;
  IF NEW.name = 'health_every' AND NEW.value NOT IN ('day', 'week', 'month', 'never') THEN
    RAISE EXCEPTION 'setting "%" cannot be "%"', NEW.name, NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = 'It is day, week, month or never.';
  END IF;
  IF NEW.name = 'health_min_coverage' AND NEW.value !~ '^(0(\.[0-9]*)?|1(\.0*)?)$' THEN
    RAISE EXCEPTION 'setting "%" cannot be "%"', NEW.name, NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a share, 0 to 1.';
  END IF;
  IF NEW.name = 'partition_by' THEN
    PERFORM @extschema@.ledger_check_period(CASE WHEN @extschema@.ledger_check_length(NEW.value) THEN NEW.value::interval ELSE '0' END);
  END IF;
  IF NEW.name = 'partitions_ahead' AND NEW.value !~ '^[0-9]{1,3}$' THEN
    RAISE EXCEPTION 'setting "%" cannot be "%"', NEW.name, NEW.value
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a number of periods, 0 to 999.';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ledger_check_setting() IS 'trigger on a ledger''s table setting: refuses values that its writes would stumble over';
