"""What the doctor may say of a fine-tune, each state once, for its page and the pages that repeat it."""

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.evals.models import EvalRun, Output
from app.finetunes.doctor.findings import Finding, Measure, Row
from app.finetunes.doctor.models import Examination
from app.finetunes.doctor.packing import packed
from app.finetunes.models import FineTune


def doctored(session: Session, tune: FineTune, case_id: str, output_id: str, example_id: str) -> None:
    run = session.get_one(EvalRun, session.get_one(Output, output_id).run_id)
    row = Row(case_id, output_id, "9 words in a row out of #12", ((0, 20),), (example_id,))
    share = Measure("Outputs that repeat training", 0.42, 0.2, 0.67, 12, "share", 0.1, "One output in ten.")
    change = Measure("Change", -0.02, -0.31, 0.27, 12, "points", 0.0, "It may not follow less well than before.")
    findings = [
        Finding(
            "memorised",
            "found",
            "5 of 12 outputs repeat training answers word for word (42 %); of the right answers 0 do.",
            measures=[share, Measure("Right answers that do", 0.0, 0.0, 0.24, 12)],
            rows=[row, row],
            beside=["8 of 20 training answers stand there more than once: 12 different ones."],
            training=(example_id,),
        ),
        Finding("general_instructions", "cannot_tell", "", "the interval lies on both sides", measures=[change]),
        Finding("overconfident", "cannot_tell", "", "no held-out case expects a question or a refusal"),
        Finding("outdated_facts", "not_found", "None of 12 outputs states what a newer document contradicts."),
    ]
    session.add(
        Examination(
            project_id=tune.project_id,
            fine_tune_id=tune.id,
            status="succeeded",
            findings=packed(findings),
            basis=[{"test_set_id": run.test_set_id, "base_run": run.id, "tuned_run": run.id}],
            finished_at=utcnow(),
        )
    )
    session.flush()
