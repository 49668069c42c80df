"""The database, its two roles, and throw-away copies for tests."""

import secrets
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.core.postgres.layout import APP_ROLE, DATABASE, OWNER_ROLE, PORT, SUPERUSER


def dsn(socket_folder: object, role: str = OWNER_ROLE, database: str = DATABASE) -> str:
    """A libpq URL without a secret: the server knows its one system user by the kernel's word.

    The port is written out because ``PGPORT`` in the environment would otherwise change the socket's name.
    """
    return f"postgresql://{role}@/{database}?host={quote(str(socket_folder))}&port={PORT}"


def ensure_database(socket_folder: object) -> None:
    """Make what is missing of: the owner role, the restricted role, the database. Safe to repeat."""
    with _as_superuser(socket_folder) as connection:
        roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
        if OWNER_ROLE not in roles:
            connection.execute(f"create role {OWNER_ROLE} login createrole")
        if APP_ROLE not in roles:
            connection.execute(f"create role {APP_ROLE} login")
        # So that the owner may `set role` to it and hand it its grants, but does not act as it unasked.
        connection.execute(f"grant {APP_ROLE} to {OWNER_ROLE} with admin true, inherit false, set true")
        if connection.execute("select from pg_database where datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(f"create database {DATABASE} owner {OWNER_ROLE}")


def create_database(socket_folder: object, template: str) -> str:
    """Copy ``template``, to which nobody may be connected; answers the owner's URL of the copy.

    File by file: to log every page of a copy that is thrown away soon costs more than the checkpoint that this needs.
    """
    name = f"test_{secrets.token_hex(6)}"
    with _as_superuser(socket_folder) as connection:
        statement = "create database {} template {} owner {} strategy file_copy"
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, (name, template, OWNER_ROLE))))
    return dsn(socket_folder, database=name)


def drop_database(socket_folder: object, url: str) -> None:
    """Drop the database that ``url`` names, with the connections to it."""
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with _as_superuser(socket_folder) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(str(name))))


def _as_superuser(socket_folder: object) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(dsn(socket_folder, SUPERUSER, "postgres"), autocommit=True)
