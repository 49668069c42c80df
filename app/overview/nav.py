"""The rail: every stage with its state and count. Kept apart from the overview page, which shows more."""

from fastapi import Request

from app.web.render import Nav, NavPerson, NavProject


def build(request: Request) -> Nav:
    user = getattr(request.state, "user", None)
    access = getattr(request.state, "access", None)
    theme = request.cookies.get("theme", "auto")
    person = NavPerson(user.name, user.email) if user else None
    project = NavProject(access.project.name, access.project.slug, access.project.goal) if access else None
    return Nav(project=project, person=person, theme=theme if theme in ("light", "dark") else "auto")
