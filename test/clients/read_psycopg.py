#!/usr/bin/env python3
"""psycopg 3: every view in the binary format, as Python's own types."""
import psycopg
from psycopg.types import TypeInfo
from psycopg.types.string import TextBinaryLoader

from clients import tell, tell_sums

VIEWS = """SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c
            WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v'"""
# information_schema shows the keys of a table to who has a right on it other than SELECT.
KEYS = """SELECT k.table_name, string_agg(k.column_name, ',' ORDER BY k.ordinal_position)
            FROM information_schema.table_constraints t
            JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)
           WHERE t.table_schema = 'crm' AND t.constraint_type = 'PRIMARY KEY' GROUP BY k.table_name"""


def type_name(connection, column):
    known = connection.adapters.types.get(column.type_code)
    if known is None:
        return connection.execute("SELECT typname FROM pg_type WHERE oid = %s", [column.type_code]).fetchone()[0]
    return known.name


def read(connection, view):
    with connection.cursor(binary=True) as cursor:
        cursor.execute(f'SELECT * FROM crm."{view}"')
        for column in cursor.description:
            tell("C", view, column.name, type_name(connection, column),
                 column.precision or "-", column.scale or "-", "-", "-")
        if not all(cursor.pgresult.fformat(i) == 1 for i in range(len(cursor.description))):
            raise TypeError(f"{view} has not come in the binary format")
        tell_sums(view, [column.name for column in cursor.description], cursor)


with psycopg.connect(user="analyst", options="-c timezone=UTC") as connection:
    # The driver gives an enum that it wasn't told of as bytes; who doesn't want to tell it reads stage_name.
    stage = TypeInfo.fetch(connection, "lifecycle_stage")
    stage.register(connection)
    connection.adapters.register_loader(stage.oid, TextBinaryLoader)
    for view, remark in connection.execute(VIEWS).fetchall():
        tell("V", view, "-")
        read(connection, view)
    for table, columns in connection.execute(KEYS):
        tell("K", table, columns)
    try:
        connection.execute("DELETE FROM crm.customer")
        tell("T", 0, "who may read may not write")
    except psycopg.errors.InsufficientPrivilege:
        tell("T", 1, "who may read may not write")
