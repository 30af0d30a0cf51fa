"""What the assignment prescribes, in Python: one thread and one connection per record.

    python3 threads.py SEED_FOLDER DATABASE_FOLDER
"""

import csv
import os
import sqlite3
import sys
import threading

SEED, FOLDER = sys.argv[1:]
TABLES = {
    "users": "id INTEGER PRIMARY KEY, name TEXT, email TEXT",
    "products": "id INTEGER PRIMARY KEY, name TEXT, price REAL",
    "orders": "id INTEGER PRIMARY KEY, user_id INTEGER, product_id INTEGER, quantity INTEGER",
}
stored = {table: set() for table in TABLES}


def connect(table):
    return sqlite3.connect(os.path.join(FOLDER, table + ".db"), timeout=30)


def keeps_the_rules(table, row):
    if table == "users":
        return row["name"].strip() != "" and "@" in row["email"]
    if table == "products":
        return float(row["price"]) > 0
    return (
        int(row["quantity"]) > 0
        and row["user_id"] in stored["users"]
        and row["product_id"] in stored["products"]
    )


def insert(table, row):
    if not keeps_the_rules(table, row):
        return
    connection = connect(table)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))
    connection.commit()
    connection.close()
    stored[table].add(row["id"])


for table, columns in TABLES.items():
    connect(table).execute(f"CREATE TABLE {table} ({columns})")
for tables in [("users", "products"), ("orders",)]:
    threads = []
    for table in tables:
        with open(os.path.join(SEED, table + ".csv"), newline="") as file:
            for row in csv.DictReader(file):
                threads.append(threading.Thread(target=insert, args=(table, row)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
