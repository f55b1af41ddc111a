#!/usr/bin/env python3
"""Run the SQL on standard input with ClickHouse (chDB), on one thread, over the benchmark's events.

Prints '<milliseconds> <answer>'. Installs chDB from PyPI into the benchmark's folder if it isn't
there; exits with 77 if it can't be had.
"""
import os
import subprocess
import sys
import time

folder = os.environ["BENCH_DIR"]
python = os.path.join(folder, "venv_chdb", "bin", "python")
try:
    from chdb.session import Session
except ImportError:
    if sys.executable == python:
        sys.exit(77)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if not os.path.exists(python) and (
            subprocess.call([sys.executable, "-m", "venv", os.path.dirname(os.path.dirname(python))], **quiet)
            or subprocess.call([python, "-m", "pip", "-q", "install", "chdb"], **quiet)):
        sys.exit(77)
    os.execv(python, [python] + sys.argv)

database = os.path.join(folder, "events.chdb")
made = os.path.exists(database + ".made")
session = Session(database)
if not made:
    csv = os.path.join(folder, "events_chdb.csv")
    with open(csv, "w") as out:
        subprocess.check_call(["psql", "-Xqc", "COPY (SELECT user_id, extract(epoch FROM ts)::bigint AS ts, event, channel"
                               " FROM events) TO STDOUT (FORMAT csv)"], stdout=out)
    session.query("CREATE TABLE IF NOT EXISTS events (user_id UInt64, ts DateTime('UTC'), event UInt8, channel"
                  " Nullable(UInt8)) ENGINE = MergeTree ORDER BY (user_id, ts)")
    session.query("TRUNCATE TABLE events")
    session.query(f"INSERT INTO events SELECT * FROM file('{csv}', 'CSV', 'user_id UInt64, ts DateTime(\\'UTC\\'),"
                  " event UInt8, channel Nullable(UInt8)')")
    session.query("OPTIMIZE TABLE events FINAL")
    os.remove(csv)
    open(database + ".made", "w").close()

query = sys.stdin.read() + " SETTINGS max_threads = 1"
session.query(query, "TSV")
start = time.perf_counter()
answer = str(session.query(query, "TSV"))
elapsed = 1000 * (time.perf_counter() - start)
print(f"{elapsed:.3f}", answer.strip().replace("\t", "|").replace("\n", "|"))
