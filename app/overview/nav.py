"""The rail: every stage with its state and count."""

from fastapi import Request

from app.accounts.access import Person
from app.overview import queries
from app.overview.rules import Standing, state
from app.projects.access import Place
from app.projects.rules import at_least
from app.web.render import Nav, NavItem, NavPerson, NavProject, theme_of
from app.web.session import reading_session


def build(request: Request) -> Nav:
    """What every page shows around itself; pages without a person or a project show less."""
    user: Person | None = getattr(request.state, "person", None)
    project: Place | None = getattr(request.state, "project", None)
    theme = theme_of(request)
    if user is None:
        return Nav(theme=theme)
    person = NavPerson(user.name, user.email)
    if project is None:
        return Nav(person=person, theme=theme, is_instance_admin=user.is_instance_admin)
    with reading_session(request) as session:
        standing = queries.standing(session, project.id, user.id)
    items = groups(f"/p/{project.slug}", standing, request.url.path, reviews=at_least(project.role, "annotator"))
    goal = NavProject(project.name, project.slug, project.goal)
    return Nav(goal, items, person, theme, user.is_instance_admin)


def groups(base: str, s: Standing, path: str, *, reviews: bool) -> list[list[NavItem]]:
    """``reviews``: whether this person may; who may not reads how far the reviewers agree."""
    review = "/review" if reviews else "/agreement"
    rows: list[list[tuple[str, str, str, int | None]]] = [
        [("Overview", "", "todo" if not s.examples else "part", None)],
        [
            ("Examples", "/examples", state(s.approved > 0 and not s.to_review, s.examples > 0), s.examples),
            ("Review", review, state(not s.to_review and s.approved > 0, s.to_review > 0), s.to_review),
            ("Assignments", "/assignments", state(False, s.assigned_to_me > 0), s.assigned_to_me or None),
            *([("Mentions", "/mentions", state(False, True), s.mentions)] if s.mentions else []),
            ("Checks", "/checks", state(s.scanned and not s.findings, s.scanned), s.findings if s.scanned else None),
            ("Checklist", "/checklist", state(False, s.approved > 0), None),
            ("Test sets", "/test-sets", state(s.sealed_sets > 0, s.test_sets > 0), s.test_sets),
            ("Versions", "/versions", state(s.versions > 0, False), s.versions),
        ],
        [
            ("Candidates", "/candidates", state(bool(s.baseline_id), s.candidates > 0), s.candidates),
            ("Knowledge", "/knowledge", state(False, s.collections > 0), s.collections or None),
            ("Eval runs", "/runs", state(bool(s.baseline_run_id) and not s.runs_open, s.runs > 0), s.runs),
            ("Fine-tunes", "/fine-tunes", state(s.tuned > 0 and not s.fine_tunes_open, s.fine_tunes > 0), s.fine_tunes),
            ("Compare", "/compare", state(bool(s.tuned_run_id and s.baseline_run_id), False), None),
            ("Blind review", "/rounds", state(s.rounds > s.rounds_open, s.rounds > 0), s.rounds),
            ("Decide", "/decide", state(s.verdicts > 0, bool(s.tuned_run_id and s.baseline_run_id)), None),
            ("Traffic", "/traffic", state(False, s.verdicts > 0), None),
            ("Cost", "/costs", state(False, s.baseline_run_id is not None), None),
        ],
    ]
    return [
        [
            NavItem(
                label, base + url, shown, count, path == base + url or (url != "" and path.startswith(f"{base}{url}/"))
            )
            for label, url, shown, count in group
        ]
        for group in rows
    ]
