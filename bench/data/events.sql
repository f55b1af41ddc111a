-- events: a year of touchpoints (events.c), as they would lie in a log: in order of time.
BEGIN;
CREATE TABLE events (
  user_id bigint NOT NULL,
  ts timestamptz NOT NULL,
  amount double precision,
  event smallint NOT NULL,
  channel smallint
);
COPY events (user_id, event, ts, channel, amount) FROM PROGRAM :'program' (FREEZE);
COMMIT;
CREATE INDEX events_user_ts ON events (user_id, ts) INCLUDE (event);
VACUUM (FREEZE, ANALYZE) events;
