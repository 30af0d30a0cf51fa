"""Copies the files into the same tables in DuckDB."""
import duckdb

database = duckdb.connect()
database.execute(open("docs/comparison/schema.sql").read())
for table in "customers", "invoices":
    try:
        database.execute(f"COPY {table} FROM 'docs/comparison/{table}.csv' (STORE_REJECTS)")
    except duckdb.Error as error:
        print(error)
    print(table, database.execute(f"SELECT * FROM {table}").fetchall())
