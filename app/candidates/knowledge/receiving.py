"""Files of a form or of the API into an upload."""

from app.candidates.knowledge import queries, service
from app.candidates.knowledge.forms import written_date
from app.candidates.knowledge.models import KnowledgeUpload
from app.core.db import transaction
from app.core.errors import Invalid
from app.examples.uploads import Received
from app.projects.access import Access

MOST_FILES = 100


def take(access: Access, collection_id: str, received: Received) -> KnowledgeUpload:
    """Queue what was received, in a transaction of its own; files that are not kept are removed."""
    try:
        with transaction() as session:
            try:
                dated = written_date(received.text("dated"))
            except ValueError as error:
                raise Invalid.field("dated", str(error)) from error
            collection = queries.get(session, access.project.id, collection_id)
            files = [service.File(path, name) for path, name in received.files]
            upload = service.take_files(session, access, collection, files, dated)
            session.refresh(upload)
            session.expunge(upload)
            return upload
    except BaseException:
        received.discard()
        raise
