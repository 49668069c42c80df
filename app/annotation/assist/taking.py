"""The synchronous half of a batch: what is sent for an example, and what is read out of an answer."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotation.assist import queries
from app.annotation.assist.errors import CannotStart, NotSent, Refused
from app.annotation.assist.kinds import kind_of
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.annotation.assist.terms import Price, price_of, private
from app.core.db import transaction
from app.core.errors import HoldoutError
from app.examples import queries as examples
from app.gateway.answers import Answer
from app.gateway.client import Connection, connection_to
from app.gateway.keys import UnreadableKey
from app.gateway.models import Provider
from app.jobs.coming_back import LeaseLost


@dataclass(frozen=True)
class Setup:
    connection: Connection
    slots: int
    price: Price


def load(batch_id: str) -> Setup:
    with transaction() as session:
        batch = session.get_one(ModelBatch, batch_id)
        provider = session.get_one(Provider, batch.provider_id)
    if provider.disabled_at:
        raise CannotStart("The provider was disabled: start a new batch with another one.")
    try:
        connection = connection_to(provider)
    except UnreadableKey as error:
        raise CannotStart(f"{provider.name}: {error}") from error
    return Setup(connection, provider.max_concurrency, price_of(batch.price, provider))


def prepare(batch_id: str) -> None:
    """What the batch's kind must do before anything is sent. Raises CannotStart."""
    with transaction() as session:
        kind = kind_of(session.get_one(ModelBatch, batch_id).kind)
    if kind.prepare:
        kind.prepare(batch_id)


def cost(price: Price, answer: Answer) -> float | None:
    """Dollars of one call; None where the price or the usage is not known."""
    if price is None or answer.input_tokens is None or answer.output_tokens is None:
        return None
    return float(answer.input_tokens * price["input"] + answer.output_tokens * price["output"]) / 1_000_000


def body(batch_id: str, example_id: str) -> dict[str, Any]:
    """The request for one example, as things stand at this moment. Raises NotSent."""
    with transaction() as session:
        batch = session.get_one(ModelBatch, batch_id)
        item = session.get_one(ModelBatchItem, (batch_id, example_id))
        example, content = _sendable(session, batch.project_id, item)
        if private(example, session.get_one(Provider, batch.provider_id)):
            raise NotSent("Sensitive data was found in the example: mask or approve it first. It was not sent.")
        return {"model": batch.model} | kind_of(batch.kind).request(session, batch.settings, example, content)


def _sendable(session: Session, project_id: str, item: ModelBatchItem) -> Any:
    """(example, revision). What is held out, or was copied into a test set, never leaves the house."""
    try:
        example, content = examples.with_content(session, project_id, item.example_id)
    except HoldoutError as error:
        raise NotSent("The example was deleted before it was sent.") from error
    if example.split != "train" or queries.held_out(session, project_id, [example.fingerprint_unit]):
        raise NotSent("The example is held out for testing: it was not sent.")
    if example.revision != item.revision:
        raise NotSent(f"The example was edited before it was sent (revision {example.revision} is the newest).")
    return example, content


def take(batch_id: str, lease: int, example_id: str) -> None:
    """Read a stored answer and put what it holds in, all in one transaction. Safe to repeat."""
    with transaction() as session:
        query = select(ModelBatch).where(ModelBatch.id == batch_id, ModelBatch.lease == lease)
        batch = session.scalar(query.where(ModelBatch.status == "running").with_for_update())
        if batch is None:
            raise LeaseLost(batch_id)
        item = session.get_one(ModelBatchItem, (batch_id, example_id))
        if item.state != "answered":
            return
        try:
            with session.begin_nested():
                taken = kind_of(batch.kind).take(session, batch, item)
        except (Refused, HoldoutError) as error:
            item.state, item.reason = "failed", str(error)
            batch.failed += 1
        else:
            item.state, item.made, item.dropped = "done", taken.made, dict(taken.dropped)
            batch.made += taken.made
            batch.dropped = dict(Counter(batch.dropped) + taken.dropped)
        batch.done += 1
