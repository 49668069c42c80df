"""A run that a judge graded, with outputs that people mark: made of rows, nobody is asked."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.ids import new_id
from app.evals import grading, service
from app.evals.calibration import drawing, marking
from app.evals.calibration.forms import NewMark, NewSample
from app.evals.calibration.models import CalibrationItem
from app.evals.judges.models import JudgementRow
from app.evals.models import EvalRun, Output
from app.projects.access import Access

JUDGE = {
    "type": "score_model",
    "name": "helpful",
    "model": "judge-large",
    "input": [
        {"role": "system", "content": "Rate how well the reply solves the request: 1 not at all, 5 completely."},
        {"role": "user", "content": "Request:\n{{item.input}}\n\nReply:\n{{sample.output_text}}"},
    ],
    "range": [1, 5],
    "pass_threshold": 4,
}


def calibrated(session: Session, access: Access, run: EvalRun, people: list[User], provider_id: str) -> dict[str, str]:
    """Real ids for the pages of calibration. Every third output is bad to the judge, every fourth to people."""
    specs = service.specs(session, access.project.id, [JUDGE | {"provider": provider_id}])
    run.graders = [*run.graders, *(spec.snapshot() for spec in specs)]
    (ask,) = specs[0].definition.asks
    outputs = session.scalars(select(Output).where(Output.run_id == run.id).order_by(Output.id)).all()
    for number, output in enumerate(outputs):
        row = {"run_id": run.id, "output_id": output.id, "judge": ask.key, "model_returned": "judge-large-1"}
        given = {"score": 2.0 if number % 3 == 0 else 5.0, "reason": "It answers what was asked, and nothing else."}
        unread = {"status": "unreadable", "problem": "the judge gave no reason", "answer": "{}"}
        session.add(JudgementRow(id=new_id(), **row, **(unread if number == 1 else {"status": "given", **given})))
    run.judge_total = run.judge_done = len(outputs)
    run.judge_failed = 1
    session.flush()
    grading.score(session, run)
    sample = drawing.draw(session, access, NewSample(run_id=run.id, grader="helpful", size=12))
    session.flush()
    items = session.scalars(select(CalibrationItem).where(CalibrationItem.sample_id == sample.id)).all()
    for person in people:
        for item in items[: -2 if person is people[0] else None]:
            choice = "fail" if item.position % 4 == 0 else "pass"
            mark = NewMark(output_id=item.output_id, choice=choice, seconds=9)
            marking.mark(session, Access(person, access.project, "annotator"), sample, mark)
    return {"sample_id": sample.id}
