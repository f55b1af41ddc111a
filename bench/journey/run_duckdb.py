#!/usr/bin/env python3
"""Run the SQL on standard input with DuckDB, on one thread, over the benchmark's events.

Prints '<milliseconds> <answer>'. Installs DuckDB from PyPI into the benchmark's folder if it isn't
there; exits with 77 if it can't be had.
"""
import os
import subprocess
import sys
import time

folder = os.environ["BENCH_DIR"]
python = os.path.join(folder, "venv", "bin", "python")
try:
    import duckdb
except ImportError:
    if sys.executable == python:
        sys.exit(77)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if not os.path.exists(python) and (
            subprocess.call([sys.executable, "-m", "venv", os.path.dirname(os.path.dirname(python))], **quiet)
            or subprocess.call([python, "-m", "pip", "-q", "install", "duckdb", "pytz"], **quiet)):
        sys.exit(77)
    os.execv(python, [python] + sys.argv)

database = os.path.join(folder, "events.duckdb")
if not os.path.exists(database):
    csv = os.path.join(folder, "events.csv")
    with open(csv, "w") as out:
        subprocess.check_call(["psql", "-Xqc", "COPY (SELECT user_id, ts AT TIME ZONE 'UTC' AS ts, amount, event, channel"
                               " FROM events) TO STDOUT (FORMAT csv, HEADER)"], stdout=out)
    with duckdb.connect(database + ".new") as new:
        new.execute("CREATE TABLE events AS SELECT user_id::BIGINT AS user_id, ts::TIMESTAMP AS ts, amount::DOUBLE AS"
                    " amount, event::SMALLINT AS event, channel::SMALLINT AS channel FROM read_csv(?, header = true,"
                    " all_varchar = true)", [csv])
    os.remove(csv)
    os.rename(database + ".new", database)

connection = duckdb.connect(database, read_only=True)
connection.execute("SET threads = 1")
query = sys.stdin.read()
connection.execute(query).fetchall()
start = time.perf_counter()
answer = connection.execute(query).fetchall()
elapsed = 1000 * (time.perf_counter() - start)
print(f"{elapsed:.3f}", "|".join(str(value) for row in answer for value in row))
