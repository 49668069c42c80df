"""A connection that the server closed is not handed out, and nothing was asked to find that out."""

from sqlalchemy import text

from app.core.db import make_engine


def test_a_connection_that_died_is_replaced(settings_env: None) -> None:
    engine = make_engine(pool_size=1)
    with engine.connect() as first:
        process = first.scalar(text("select pg_backend_pid()"))
    with make_engine(owner=True).connect() as other:
        other.execute(text("select pg_terminate_backend(:it, 5000)"), {"it": process})
    with engine.connect() as second:
        assert second.scalar(text("select pg_backend_pid()")) != process
    engine.dispose()
