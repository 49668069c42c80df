"""Every place where a person's words may stand, and what becomes of them. A test compares it with all tables, and
with all columns of text (those without such words: ``not_words``).

Erasing follows the order below: a place is erased where an identifier stands in one of its ``texts``, and where it
belongs (``via``) to a row of an earlier place that is erased.
"""

from dataclasses import dataclass

ERASED = "[erased]"
TOMBSTONE = '\'[{"role": "user", "content": "[erased]"}]\'::jsonb'
OF_PROJECT = "t.project_id = :project"


@dataclass(frozen=True)
class Place:
    """``label`` is for people. ``erase`` is the SET clause; None: the database's own function writes the tombstone.

    ``via``: (column, earlier place whose erased keys it names). ``project`` limits the table, as ``t``, to a project.
    ``answers`` is the column whose values later places mean by this place, where it is not the key.
    """

    table: str
    label: str
    texts: tuple[str, ...]
    erase: str | None
    via: tuple[tuple[str, str], ...] = ()
    key: str = "id"
    project: str = OF_PROJECT
    answers: str | None = None

    @property
    def keys_named(self) -> str:
        return self.answers or self.key


IN_RUN = "t.run_id in (select id from eval_runs where project_id = :project)"
IN_ROUND = "t.round_id in (select id from preference_rounds where project_id = :project)"
IN_COLLECTION = "t.collection_id in (select id from knowledge_collections where project_id = :project)"
IN_OUTPUT = (
    "t.output_id in (select o.id from outputs o join eval_runs r on r.id = o.run_id where r.project_id = :project)"
)

# The group is asked for beside these (see queries): it names examples and cases, whatever they say.
PLACES: tuple[Place, ...] = (
    Place(
        "revisions",
        "revisions of examples",
        ("messages", "tools", "expected", "non_preferred", "extra", "tags", "reason"),
        None,
        answers="example_id",
    ),
    Place(
        "examples",
        "examples",
        ("request", "answer", "tags"),
        "request = '[erased]', answer = '[erased]', tags = '{}', findings = '{}', "
        "deleted_at = coalesce(t.deleted_at, now()), updated_at = now()",
        via=(("id", "revisions"),),
    ),
    Place(
        "test_cases",
        "test cases, sealed ones included",
        ("messages", "tools", "expected", "tags", "extra"),
        None,
        via=(("example_id", "examples"),),
    ),
    Place(
        "outputs",
        "outputs of eval runs",
        ("text", "tool_calls", "error"),
        "text = case when t.text is not null then '[erased]' end, tool_calls = null, error = null, "
        "request_sha256 = null",
        via=(("case_id", "test_cases"),),
        project=IN_RUN,
    ),
    Place(
        "grades",
        "reasons of grades",
        ("reason", "detail"),
        "reason = '[erased]', detail = '{}'",
        via=(("output_id", "outputs"),),
        key="output_id",
        project=IN_OUTPUT,
    ),
    Place(
        "judgements",
        "verdicts of judges",
        ("reason", "problem", "answer"),
        "reason = '[erased]', problem = null, answer = null",
        via=(("output_id", "outputs"),),
        key="output_id",
        project=IN_OUTPUT,
    ),
    Place(
        "calibration_marks",
        "notes of people who mark outputs",
        ("note",),
        "note = ''",
        via=(("output_id", "outputs"),),
        key="output_id",
        project=IN_OUTPUT,
    ),
    Place(
        "pairs",
        "pairs of preference rounds",
        (),  # ids only; leads on to the ballots
        None,
        via=(("case_id", "test_cases"), ("output_a_id", "outputs"), ("output_b_id", "outputs")),
        project=IN_ROUND,
    ),
    Place(
        "ballot_pairs",
        "ballots' pairs",
        (),
        None,
        via=(("pair_id", "pairs"),),
        key="ballot_id",
        project="t.pair_id in (select p.id from pairs p join preference_rounds r on r.id = p.round_id "
        "where r.project_id = :project)",
    ),
    Place(
        "ballots",
        "ballots of preference rounds",
        ("prompt", "text_a", "text_b"),
        f"prompt = {TOMBSTONE}, text_a = '[erased]', text_b = '[erased]'",
        via=(("id", "ballot_pairs"),),
        project=IN_ROUND,
    ),
    Place(
        "votes",
        "reasons of votes",
        ("rationale",),
        None,
        via=(("ballot_id", "ballots"),),
        key="ballot_id",
        project=IN_ROUND,
    ),
    Place(
        "settled_pairs",
        "notes on settled disagreements",
        ("note",),
        "note = ''",
        via=(("pair_id", "pairs"),),
        key="pair_id",
        project=IN_ROUND,
    ),
    Place(
        "preference_results",
        "names of parts in stored results of rounds",
        ("payload",),
        "payload = null",
        key="round_id",
        project=IN_ROUND,
    ),
    Place(
        "imported_pairs",
        "pairs of imported votes",
        ("prompt", "output_a", "output_b", "tags"),
        None,
        via=(("case_id", "test_cases"),),
        project=IN_ROUND,
    ),
    Place(
        "imported_votes",
        "imported votes: names of reviewers, reasons",
        ("reviewer", "rationale"),
        None,
        via=(("pair_id", "imported_pairs"),),
        project=IN_ROUND,
    ),
    Place(
        "round_judgements",
        "verdicts of judges on pairs",
        ("reason", "problem"),
        "reason = '[erased]', problem = null",
        via=(("pair_id", "pairs"), ("imported_pair_id", "imported_pairs")),
        project="t.judge_id in (select j.id from round_judges j join preference_rounds r on r.id = j.round_id "
        "where r.project_id = :project)",
    ),
    Place(
        "vote_files",
        "names and refused lines of files of votes",
        ("name", "rejected"),
        None,
        project=IN_ROUND,
    ),
    Place(
        "annotations",
        "notes of reviewers",
        ("note", "label", "proposal"),
        "note = '', label = null, proposal = '{}'",
        via=(("example_id", "examples"),),
    ),
    Place(
        "annotation_drafts", "drafts of reviewers", ("fields",), "", via=(("example_id", "examples"),), key="example_id"
    ),
    Place(
        "suggestions",
        "suggestions of models",
        ("label", "answer", "reason"),
        "label = null, answer = null, reason = '[erased]'",
        via=(("example_id", "examples"),),
    ),
    Place(
        "model_batch_items",
        "answers of models to examples",
        ("answer", "reason"),
        "answer = null, reason = null",
        via=(("example_id", "examples"),),
        key="example_id",
        project="t.batch_id in (select id from model_batches where project_id = :project)",
    ),
    Place(
        "candidate_shots",
        "worked examples in prompts",
        ("messages",),
        f"messages = {TOMBSTONE}",
        via=(("example_id", "examples"),),
        key="example_id",
        project="t.candidate_id in (select id from candidates where project_id = :project)",
    ),
    Place(
        "knowledge_documents",
        "names of documents in collections",
        ("name",),
        "name = '[erased] ' || t.id",
        project=IN_COLLECTION,
    ),
    Place(
        "knowledge_passages",
        "passages of documents in collections",
        ("heading", "text"),
        None,
        project="t.version_id in (select v.id from knowledge_versions v join knowledge_documents d "
        "on d.id = v.document_id join knowledge_collections c on c.id = d.collection_id where c.project_id = :project)",
    ),
    Place(
        "knowledge_uploads",
        "names of uploaded documents",
        ("files", "error"),
        "files = '[]', error = null",
        project=IN_COLLECTION,
    ),
    Place(
        "knowledge_embeddings",
        "questions that a search is tried with",
        ("question", "error"),
        "question = null, error = null",
    ),
    Place("findings", "findings", ("words", "evidence", "key"), "", via=(("example_id", "examples"),)),
    Place("comments", "comments", ("text",), "text = '[erased]'", via=(("example_id", "examples"),)),
    Place("finding_changes", "reasons of decisions in bulk", ("reason",), "reason = '[erased]'"),
    Place("assignments", "notes of assignments", ("name", "note"), "name = '[erased]', note = ''"),
    Place("sign_offs", "notes of sign-offs", ("note",), "note = '[erased]'"),
    Place("verdicts", "notes of signed verdicts", ("note",), "note = '[erased]'"),
    Place("gate_sets", "notes of gates", ("note",), "note = '[erased]'"),
    Place("eval_runs", "names of tags in runs", ("breakdown",), "breakdown = null"),
    Place("comparison_results", "names of slices in stored comparisons", ("payload",), "payload = null", key="key"),
    Place(
        "grader_tries",
        "grades of graders that were tried",
        ("results", "answers"),
        "results = null, answers = '{}'",
    ),
    Place("playground_judgings", "verdicts of judges in the playground", ("answers",), "answers = '{}'"),
    Place(
        "fine_tune_samples",
        "sample outputs of fine-tunes",
        ("question", "prompt", "expected", "output"),
        "question = '[erased]', prompt = '[erased]', expected = '[erased]', output = '[erased]'",
        project="t.fine_tune_id in (select id from fine_tunes where project_id = :project)",
    ),
    Place(
        "launch_previews", "previews of launches", ("result",), "result = null, error = '[erased]', status = 'failed'"
    ),
    Place("notifications", "messages that were sent", ("payload", "error"), "payload = '{}', error = null"),
    Place("finding_decisions", "reasons of decisions", ("reason",), "reason = '[erased]'"),
    Place(
        "dataset_version_exclusions",
        "reasons of exclusions",
        ("reason",),
        None,
        via=(("example_id", "examples"),),
        key="example_id",
        project="t.dataset_version_id in (select id from dataset_versions where project_id = :project)",
    ),
    Place(
        "import_rejections",
        "refused lines of imports",
        ("reason", "excerpt"),
        "reason = '[erased]', excerpt = '[erased]'",
        project="t.import_id in (select id from imports where project_id = :project)",
    ),
    Place(
        "imports",
        "names of imported files",
        ("file_name", "mapping", "tags", "graders", "error"),
        "file_name = '[erased]', mapping = null, tags = '{}', graders = '[]', error = null",
    ),
    Place("audit_events", "details of the audit trail", ("detail",), None),
)

# What holds no person's words, and why; a new column must stand here or above.
NOT_PERSONAL: dict[str, str] = {
    "users": "the account itself: erased by `holdout user erase`",
    "api_tokens": "named by their owner, gone with the account",
    "members": "roles",
    "sign_in_links": "hashes, gone with the account",
    "user_sessions": "hashes, gone with the account",
    "reservations": "ids",
    "skips": "ids",
    "run_views": "ids",
    "run_reuses": "ids and counts",
    "run_blinds": "ids",
    "round_reviewers": "ids",
    "round_invitations": "hashes and ids; the guest's name is that of their account",
    "throttles": "keys of rate limits, gone within a day",
    "seen_requests": "answers of the API, kept for a day",
    "projects": "what the team says of its own project",
    "guideline_versions": "what the team says of its own project",
    "providers": "addresses and keys of machines",
    "candidates": "prompts that the team wrote: edit by cloning, then archive",
    "knowledge_collections": "names that the team gave",
    "knowledge_versions": "dates and hashes; what they say stands in their passages",
    "knowledge_snapshots": "hashes",
    "knowledge_snapshot_versions": "ids",
    "knowledge_vectors": "vectors of passages: that of an erased one goes with it",
    "knowledge_questions": "vectors by hash, from which no text can be had",
    "retrievals": "ids and figures",
    "baselines": "ids",
    "making_costs": "figures",
    "failure_causes": "ids, and causes from a fixed list",
    "playground_trials": "ids, and definitions of graders that the team wrote",
    "playground_variants": "ids",
    "playground_retrievals": "ids and figures",
    "graders": "definitions that the team wrote",
    "calibration_samples": "names and rubrics that the team wrote",
    "calibration_items": "ids",
    "test_sets": "names that the team gave",
    "dataset_versions": "names that the team gave, hashes",
    "dataset_version_items": "ids and fingerprints",
    "test_set_access": "ids",
    "split_assignments": "fingerprints; a group's name is exchanged by the database's function",
    "example_tallies": "counts",
    "bulk_changes": "ids, and a tag that the team gave",
    "scans": "counts",
    "scan_marks": "hashes",
    "project_budgets": "figures",
    "traffic_items": "hashes and figures; the words of the sample are examples",
    "traffic_settings": "figures",
    "paid_calls": "what was paid; errors of providers without the request",
    "fine_tunes": "settings and figures",
    "fine_tune_events": "figures and lines of the provider's log",
    "fine_tune_outputs": "lines of the training process's own log",
    "checkpoints": "figures",
    "checkpoint_candidates": "ids",
    "doctor_examinations": "ids, places in texts, and figures",
    "fine_tune_validations": "ids, figures and hashes",
    "development_runs": "ids, and definitions of graders that the team wrote",
    "fine_tune_series": "figures, and definitions of graders that the team wrote",
    "fine_tune_series_members": "settings",
    "assignment_items": "ids",
    "comment_mentions": "ids",
    "model_batches": "settings and figures",
    "variations": "ids",
    "suggestion_outcomes": "ids",
    "unit_embeddings": "vectors by fingerprint: those of erased prompts are deleted (queries.forget_vectors)",
    "semantic_pairs": "fingerprints and figures",
    "scanned_units": "hashes, from which no text can be had",
    "near_links": "fingerprints and figures",
    "unit_clusters": "fingerprints",
    "saved_filters": "names that the team gave, filters",
    "webhooks": "addresses of machines",
    "verdict_links": "hashes and ids",
    "project_visits": "ids and times",
    "verdict_views": "figures, hashes, names of sets and graders",
    "preference_rounds": "names, criteria and guidelines that the team wrote",
    "round_judges": "the judge's model and prompt, which the team wrote",
}
