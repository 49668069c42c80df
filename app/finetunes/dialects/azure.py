"""Azure OpenAI (its v1 API): OpenAI's fields and some words of its own; a file is taken in before a job begins."""

from app.finetunes.dialects.base import Dialect
from app.finetunes.dialects.openai import SETTINGS, STATUSES, body

AZURE = Dialect(
    name="Azure OpenAI",
    hosts=("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"),
    statuses=STATUSES
    | {
        "notRunning": "queued",
        "creating": "queued",
        "resuming": "running",
        "pausing": "running",
        "canceled": "cancelled",
        "deleted": "cancelled",
    },
    settings=SETTINGS,
    preference={"beta": "beta"},
    body=body,
    source="Microsoft Learn, “Azure OpenAI REST API: Fine-tuning”",
    read_on="2026-11-27",
    waits_for_file=True,
)
