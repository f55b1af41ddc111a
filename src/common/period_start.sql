
-- Stable with a zone, too: what an abbreviation means is a setting (timezone_abbreviations).
CREATE FUNCTION period_start(at timestamptz, unit text, time_zone text) RETURNS date
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'period_start';
CREATE FUNCTION period_start(at timestamptz, unit text) RETURNS date
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'period_start';
COMMENT ON FUNCTION period_start(timestamptz, text, text) IS
  'first date of the day, ISO week, month, quarter or year that holds the instant, by the clock of the zone: the date of date_trunc(unit, at, time_zone), only faster';
COMMENT ON FUNCTION period_start(timestamptz, text) IS
  'first date of the day, ISO week, month, quarter or year that holds the instant, by the clock of the session''s time zone';
