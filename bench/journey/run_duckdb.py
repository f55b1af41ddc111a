#!/usr/bin/env python3
"""Run the SQL on standard input with DuckDB, on one thread, over the benchmark's events.

Prints '<milliseconds> <answer>'. Installs DuckDB from PyPI into the benchmark's folder if it isn't
there; exits with 77 if it can't be had.
"""
import os
import sys

import engine

duckdb = engine.module("duckdb", "venv", "duckdb", "pytz")
database = os.path.join(engine.folder, "events.duckdb")
if not os.path.exists(database):
    csv = os.path.join(engine.folder, "events.csv")
    engine.copy("SELECT user_id, ts AT TIME ZONE 'UTC' AS ts, amount, event, channel FROM events", "FORMAT csv, HEADER", csv)
    with duckdb.connect(database + ".new") as new:
        new.execute("CREATE TABLE events AS SELECT user_id::BIGINT AS user_id, ts::TIMESTAMP AS ts, amount::DOUBLE AS"
                    " amount, event::SMALLINT AS event, channel::SMALLINT AS channel FROM read_csv(?, header = true,"
                    " all_varchar = true)", [csv])
    os.remove(csv)
    os.rename(database + ".new", database)

connection = duckdb.connect(database, read_only=True)
connection.execute("SET threads = 1")
engine.answer(lambda query: connection.execute(query).fetchall(), sys.stdin.read(),
              lambda rows: "|".join(str(value) for row in rows for value in row))
