"""Providers of fine-tuning that speak otherwise than OpenAI does, made of the same double."""

from typing import Any

from aiohttp import web

from tests.doubles.fine_tuning import Tuning

EARLY, LATE = "2026-11-27T01:00:00Z", "2033-05-18T03:33:20+00:00"


class Azure(Tuning):
    """A file is looked through after its upload; jobs have OpenAI's shape and some words of their own."""

    looks_at_file = 0

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_get("/v1/files/{id}", self.file)
        return app

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.looks_at_file += 1
        status = "pending" if self.looks_at_file < 3 else "processed"
        return web.json_response(self.files[request.match_info["id"]] | {"status": status})

    async def create(self, request: web.Request) -> web.StreamResponse:
        if self.looks_at_file < 3:
            return web.json_response({"error": {"message": "the file is not ready"}}, status=400)
        return await super().create(request)


class Together(Tuning):
    """Jobs of another shape at another path, without marks; times are text."""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self.play])
        app.router.add_post("/v1/files/upload", self.upload)
        app.router.add_get("/v1/files", self.list_files)
        app.router.add_post("/v1/fine-tunes", self.create)
        app.router.add_get("/v1/fine-tunes", self.list_jobs)
        app.router.add_get("/v1/fine-tunes/{id}", self.retrieve)
        app.router.add_post("/v1/fine-tunes/{id}/cancel", self.cancel)
        app.router.add_get("/v1/fine-tunes/{id}/events", self.events)
        return app

    async def upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if not form.get("file_name"):
            return web.json_response({"error": {"message": "file_name is required"}}, status=400)
        return await super().upload(request)

    def public(self, job: dict[str, Any]) -> dict[str, Any]:
        ended = job["status"] == "completed"
        return {
            "id": job["id"],
            "status": job["status"],
            "created_at": LATE,
            "model": job["model"],
            "model_output_name": f"team/{job['model']}-{job['id']}",
            "training_file": job["training_file"],
            "n_epochs": 3,
            "batch_size": "max",
            "training_type": {"type": "Lora", "lora_r": 8},
            "token_count": 4200 if ended else 0,
            "events": [{"message": "a row is too long"}] if job["status"] == "error" else [],
        }

    def _event(self, job: dict[str, Any], step: int) -> dict[str, Any]:
        return {
            "object": "fine-tune-event",
            "created_at": EARLY,
            "message": f"step {step} done",
            "step": step,
            "level": None,
        }
