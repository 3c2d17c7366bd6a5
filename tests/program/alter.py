#!/usr/bin/env python3
"""Lists the columns of a ledger that hold a value, or alters one byte of one cell.

usage: alter.py LEDGER list | alter.py LEDGER TABLE COLUMN | alter.py LEDGER delete TABLE
"""
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


def main():
    db = sqlite3.connect(sys.argv[1])
    if sys.argv[2] == "list":
        for table in TABLES:
            for row in db.execute(f"pragma table_info({table})"):
                if db.execute(f'select 1 from {table} where "{row[1]}" is not null').fetchone():
                    print(table, row[1])
        return
    for (name,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        db.execute(f'drop trigger "{name}"')
    if sys.argv[2] == "delete":
        where, key = last_row(db, sys.argv[3])
        changed = db.execute(f"delete from {sys.argv[3]} where {where}", key)
    else:
        table, column = sys.argv[2:4]
        where, key = last_row(db, table, f'"{column}" is not null')
        (value,) = db.execute(f'select "{column}" from {table} where {where}', key).fetchone()
        changed = db.execute(f'update {table} set "{column}" = ? where {where}', (altered(value), *key))
    assert changed.rowcount == 1
    db.commit()


main()
