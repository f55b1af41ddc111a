#!/usr/bin/env python3
"""Run the SQL on standard input with ClickHouse (chDB), on one thread, over the benchmark's events.

Prints '<milliseconds> <answer>'. Installs chDB from PyPI into the benchmark's folder if it isn't
there; exits with 77 if it can't be had.
"""
import os
import sys

import engine

Session = engine.module("chdb.session", "venv_chdb", "chdb").Session
database = os.path.join(engine.folder, "events.chdb")
made = os.path.exists(database + ".made")
session = Session(database)
if not made:
    csv = os.path.join(engine.folder, "events_chdb.csv")
    engine.copy("SELECT user_id, extract(epoch FROM ts)::bigint AS ts, event, channel FROM events", "FORMAT csv", csv)
    session.query("CREATE TABLE IF NOT EXISTS events (user_id UInt64, ts DateTime('UTC'), event UInt8, channel"
                  " Nullable(UInt8)) ENGINE = MergeTree ORDER BY (user_id, ts)")
    session.query("TRUNCATE TABLE events")
    session.query(f"INSERT INTO events SELECT * FROM file('{csv}', 'CSV', 'user_id UInt64, ts DateTime(\\'UTC\\'),"
                  " event UInt8, channel Nullable(UInt8)')")
    session.query("OPTIMIZE TABLE events FINAL")
    os.remove(csv)
    open(database + ".made", "w").close()

engine.answer(lambda query: str(session.query(query, "TSV")), sys.stdin.read() + " SETTINGS max_threads = 1",
              lambda rows: rows.strip().replace("\t", "|").replace("\n", "|"))
