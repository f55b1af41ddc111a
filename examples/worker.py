#!/usr/bin/env python3
"""A worker that works off the events of a ledger: worker.py CONNECTION LEDGER

Claims a few events at a time, handles each, and acknowledges it after it is handled: killed at any
instant, it loses nothing, and what it had claimed is given to another worker when the lease ends.
So an event may be handled twice, and handle() must be able to bear that: event_id tells.

Of a customer, only the oldest event can be claimed: any number of workers keep the order.  With the
setting notify on, a worker is woken by new events; without, it looks every POLL seconds.
"""
import os
import select
import sys
import time

import psycopg
from psycopg import sql

LEASE = os.environ.get("LEASE", "1 minute")
POLL = float(os.environ.get("POLL", "1"))  # seconds
RETRIED = ("40001", "40P01")  # serialisation failure, deadlock


def handle(event_id, customer_id, event, occurred_at, payload):
    """What your house does about it: send a mail, call a hook, open a task."""
    print(f"{event_id}: customer {customer_id}: {event} at {occurred_at}: {payload}", flush=True)


def retrying(connection, query, arguments, attempts=5):
    """Transactions of several statements may meet: those are run again, a few times."""
    for attempt in range(attempts):
        try:
            with connection.transaction():
                return connection.execute(query, arguments).fetchall()
        except psycopg.Error as error:
            if error.sqlstate not in RETRIED or attempt == attempts - 1:
                raise
            time.sleep(0.05 * 2**attempt)


def main(connection_string, ledger):
    woken = []
    with psycopg.connect(connection_string, autocommit=True) as connection:
        connection.add_notify_handler(woken.append)
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ledger)))
        while True:
            woken.clear()
            events = retrying(connection, "SELECT event_id, customer_id, event, occurred_at, payload"
                              " FROM ledger_claim_events(%s, 10, %s)", (ledger, LEASE))
            for event in events:
                handle(*event)
                retrying(connection, "SELECT ledger_ack_events(%s, %s)", (ledger, event[0]))
            if not events and not woken:
                select.select([connection], [], [], POLL)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
