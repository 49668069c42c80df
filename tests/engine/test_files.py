"""Files, by the stock client."""

import openai
import pytest
from openai.types import FileObject

from tests.engine.conftest import Engine

pytestmark = pytest.mark.engine


def test_upload_read_list_delete(engine: Engine) -> None:
    client = engine.client
    file = client.files.create(file=("../../etc/rows.jsonl", b'{"a": 1}\n'), purpose="fine-tune")
    assert FileObject.model_validate(file.to_dict()).bytes == 9
    assert client.files.content(file.id).read() == b'{"a": 1}\n'
    assert client.files.retrieve(file.id) == file
    assert file.id in [found.id for found in client.files.list(purpose="fine-tune")]
    assert file.id not in [found.id for found in client.files.list(purpose="batch")]
    assert {path.name for path in engine.home.iterdir()} >= {"files", "jobs", "models", "tuned"}
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError) as caught:
        client.files.retrieve(file.id)
    assert caught.value.body == {
        "message": f"No such File object: '{file.id}'",
        "type": "invalid_request_error",
        "param": "id",
        "code": None,
    }


def test_pages_of_files_follow_each_other(engine: Engine) -> None:
    made = [engine.upload(b"%d" % number) for number in range(3)]
    listed = [file.id for file in engine.client.files.list(limit=2, order="asc")]  # the client turns the pages
    assert set(made) <= set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("id", ["file-nothing", "..%2F..%2Fetc%2Fpasswd", "file-" + "0" * 24])
def test_an_unknown_file_is_404_however_it_is_asked_for(engine: Engine, id: str) -> None:
    for call in (engine.client.files.retrieve, engine.client.files.content, engine.client.files.delete):
        with pytest.raises(openai.NotFoundError):
            call(id)


def test_an_empty_file_and_a_strange_purpose_are_refused(engine: Engine) -> None:
    with pytest.raises(openai.BadRequestError, match="empty"):
        engine.upload(b"")
    with pytest.raises(openai.BadRequestError, match="Invalid purpose 'fun'"):
        engine.client.files.create(file=b"x", purpose="fun")  # type: ignore[arg-type]
