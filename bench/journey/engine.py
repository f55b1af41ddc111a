"""What the engines beside PostgreSQL have in common: being installed, being asked and timed."""
import importlib
import os
import subprocess
import sys
import time

folder = os.environ["BENCH_DIR"]


def module(name, environment, *packages):
    """The module, from packages of PyPI that are installed into an environment of the benchmark's folder
    if they aren't there, in which the script then starts again; exits with 77 if they can't be had."""
    python = os.path.join(folder, environment, "bin", "python")
    try:
        return importlib.import_module(name)
    except ImportError:
        if sys.executable == python:
            sys.exit(77)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if not os.path.exists(python) and (
            subprocess.call([sys.executable, "-m", "venv", os.path.join(folder, environment)], **quiet)
            or subprocess.call([python, "-m", "pip", "-q", "install", *packages], **quiet)):
        sys.exit(77)
    os.execv(python, [python] + sys.argv)


def copy(query, form, path):
    """What a query of PostgreSQL gives, as CSV, into a file."""
    with open(path, "w") as out:
        subprocess.check_call(["psql", "-Xqc", f"COPY ({query}) TO STDOUT ({form})"], stdout=out)


def answer(ask, query, shown):
    """Ask twice and time the second; prints '<milliseconds> <answer>', the answer as `shown` makes it a text."""
    ask(query)
    start = time.perf_counter()
    found = ask(query)
    elapsed = 1000 * (time.perf_counter() - start)
    print(f"{elapsed:.3f}", shown(found))
