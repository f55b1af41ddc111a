#!/usr/bin/env python3
"""SQLAlchemy over psycopg2, as Superset reads a database: the inspector, then reflected tables."""
import os

from sqlalchemy import MetaData, Table, create_engine, inspect, select
from sqlalchemy.engine import URL

from clients import tell, tell_sums

engine = create_engine(
    URL.create("postgresql+psycopg2", username="analyst", database=os.environ["PGDATABASE"],
               query={"host": os.environ["PGHOST"], "port": os.environ["PGPORT"]}),
    connect_args={"options": "-c timezone=UTC"})
inspector = inspect(engine)


def column_type(kind):
    name = type(kind).__name__
    if name == "ENUM":
        return kind.name, "-", "-"
    if name == "NUMERIC":
        return name, kind.precision, kind.scale
    if name == "TIMESTAMP":
        return name, "-", "tz" if kind.timezone else "no tz"
    return name, "-", "-"


tell("T", int("crm" in inspector.get_schema_names()), "the schema is among those that a tool offers")
for view in inspector.get_view_names("crm"):
    tell("V", view, inspector.get_table_comment(view, "crm")["text"])
    for column in inspector.get_columns(view, "crm"):
        tell("C", view, column["name"], *column_type(column["type"]),
             "nullable" if column["nullable"] else "not null", column["comment"])
    table = Table(view, MetaData(), schema="crm", autoload_with=engine)
    with engine.connect() as connection:
        tell_sums(view, [column.name for column in table.columns], connection.execute(select(table)))
for table in inspector.get_table_names("crm"):
    key = inspector.get_pk_constraint(table, "crm")["constrained_columns"]
    if key:
        tell("K", table, ",".join(key))
