#!/usr/bin/env python3
"""psqlODBC through unixODBC and pyodbc, as Power BI and Tableau read a database: catalogue functions, then values."""
import os

import pyodbc

from clients import tell, tell_sums

NULLABLE = {pyodbc.SQL_NULLABLE: "nullable", pyodbc.SQL_NO_NULLS: "not null"}


def odbc_type(column):
    if column.data_type == pyodbc.SQL_NUMERIC:
        return column.data_type, column.type_name, column.column_size, column.decimal_digits
    return column.data_type, column.type_name, "-", "-"


connection = pyodbc.connect(
    "Driver={%s};Servername=%s;Port=%s;Database=%s;Username=analyst;BoolsAsChar=0;ConnSettings=SET TIME ZONE 'UTC'"
    % (os.environ["ODBC_DRIVER"], os.environ["PGHOST"], os.environ["PGPORT"], os.environ["PGDATABASE"]))
cursor = connection.cursor()
views = [(row.table_name, row.remarks) for row in cursor.tables(schema="crm", tableType="VIEW")]
for view, remark in views:
    tell("V", view, "-")
    names = []
    for column in cursor.columns(schema="crm", table=view).fetchall():
        data_type, type_name, size, scale = odbc_type(column)
        tell("C", view, column.column_name, f"{data_type} {type_name}", size, scale, NULLABLE[column.nullable], "-")
        names.append(column.column_name)
    tell_sums(view, names, cursor.execute(f'SELECT * FROM crm."{view}"'))
for table in [row.table_name for row in cursor.tables(schema="crm", tableType="TABLE").fetchall()]:
    key = sorted((row.key_seq, row.column_name) for row in cursor.primaryKeys(schema="crm", table=table))
    if key:
        tell("K", table, ",".join(name for _, name in key))
