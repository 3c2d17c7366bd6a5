#!/usr/bin/env python3
"""Alters one byte of one cell of a ledger, or deletes a row.

usage: alter.py LEDGER TABLE COLUMN | alter.py LEDGER delete TABLE
       alter.py LEDGER each FOLDER: an altered copy for every column with a value; prints TABLE COLUMN FILE
"""
import os
import shutil
import sqlite3
import sys

TABLES = ["study", "arm", "trial", "run", "metric", "prediction_set", "event"]


def altered(value):
    if isinstance(value, str):
        middle = len(value) // 2
        swapped = "1" if value[middle:middle + 1] != "1" else "2"
        return value[:middle] + swapped + value[middle + 1:]
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, float):
        return value * (1 + 2.0 ** -52) if value else 5e-324
    return bytes([value[0] ^ 1]) + value[1:]


def last_row(db, table, condition="1"):
    keys = [row[1] for row in db.execute(f"pragma table_info({table})") if row[5] > 0]
    order = ", ".join(f'"{key}" desc' for key in keys)
    row = db.execute(f"select {', '.join(keys)} from {table} where {condition} order by {order}").fetchone()
    return " and ".join(f'"{key}" = ?' for key in keys), row


def columns(db):
    for table in TABLES:
        for row in db.execute(f"pragma table_info({table})").fetchall():
            if db.execute(f'select 1 from {table} where "{row[1]}" is not null').fetchone():
                yield table, row[1]


def change(path, where, statement, values):
    """One row, behind the back of the triggers, which are there again afterwards."""
    db = sqlite3.connect(path)
    db.execute("pragma synchronous = off")
    triggers = db.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f'drop trigger "{name}"')
    assert db.execute(f"{statement} where {where}", values).rowcount == 1
    for _, sql in triggers:
        db.execute(sql)
    db.commit()
    db.close()


def alter(path, table, column):
    db = sqlite3.connect(path)
    where, key = last_row(db, table, f'"{column}" is not null')
    (value,) = db.execute(f'select "{column}" from {table} where {where}', key).fetchone()
    db.close()
    change(path, where, f'update {table} set "{column}" = ?', (altered(value), *key))


def delete(path, table):
    where, key = last_row(sqlite3.connect(path), table)
    change(path, where, f"delete from {table}", key)


def main():
    path, what = sys.argv[1:3]
    if what == "each":
        for table, column in columns(sqlite3.connect(path)):
            copy = os.path.join(sys.argv[3], f"{table}.{column}")
            shutil.copy(path, copy)
            alter(copy, table, column)
            print(table, column, copy)
    elif what == "delete":
        delete(path, sys.argv[3])
    else:
        alter(path, what, sys.argv[3])


main()
