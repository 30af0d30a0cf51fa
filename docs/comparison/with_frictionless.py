"""Stores the tables of the data package in a SQLite database."""
from frictionless import Package

try:
    Package("docs/comparison/datapackage.json").publish("sqlite:///published.db")
except Exception as error:
    print(str(error).splitlines()[0])
    raise SystemExit(1)
