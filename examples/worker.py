#!/usr/bin/env python3
"""A worker that works off the events of a ledger: worker.py CONNECTION LEDGER

Claims a few events at a time, handles each, and acknowledges it after it is handled: killed at any
instant, it loses nothing, and what it had claimed is given to another worker when the lease ends.
So an event may be handled twice, and handle() must be able to bear that: event_id tells.
"""
import sys
import time

import psycopg

LEASE = "1 minute"
RETRIED = ("40001", "40P01")  # serialisation failure, deadlock


def handle(event_id, customer_id, event, occurred_at, payload):
    """What your house does about it: send a mail, call a hook, open a task."""
    print(f"{event_id}: customer {customer_id}: {event} at {occurred_at}: {payload}", flush=True)


def retrying(connection, work, attempts=5):
    """Transactions of several statements may meet: those are run again, a few times."""
    for attempt in range(attempts):
        try:
            with connection.transaction():
                return work(connection)
        except psycopg.Error as error:
            if error.sqlstate not in RETRIED or attempt == attempts - 1:
                raise
            time.sleep(0.05 * 2**attempt)


def claim(ledger):
    return lambda connection: connection.execute(
        "SELECT event_id, customer_id, event, occurred_at, payload"
        " FROM ledger_claim_events(%s, 10, %s)", (ledger, LEASE)).fetchall()


def acknowledge(ledger, event_id):
    return lambda connection: connection.execute(
        "SELECT ledger_ack_events(%s, %s)", (ledger, event_id))


def main(connection_string, ledger):
    with psycopg.connect(connection_string, autocommit=True) as connection:
        while True:
            events = retrying(connection, claim(ledger))
            for event in events:
                handle(*event)
                retrying(connection, acknowledge(ledger, event[0]))
            if not events:
                time.sleep(1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
