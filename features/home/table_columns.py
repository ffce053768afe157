"""The kinds of columns that the tables of a home are made of, as SQLite and PostgreSQL share them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Text

metadata = MetaData()
# SQLite counts up only an INTEGER PRIMARY KEY; PostgreSQL needs 64 bits.
Serial = BigInteger().with_variant(Integer, "sqlite")


def serial_column(name: str) -> Column[int]:
    """The key of a table whose rows are counted up."""
    return Column(name, Serial, primary_key=True)


def key_column(name: str, length: int | None = None) -> Column[str]:
    """A text that is the primary key, or a part of it."""
    return Column(name, String(length) if length else Text(), primary_key=True)


def text_column(name: str, length: int | None = None) -> Column[str]:
    return Column(name, String(length) if length else Text(), nullable=False)


def number_column(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def moment_column(name: str) -> Column[int]:
    """A moment in microseconds since 1970 UTC: exact in both databases, and as floats up to the year 2255."""
    return Column(name, BigInteger, nullable=False)
