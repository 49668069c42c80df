"""Columns of text in a place's table that hold no person's words, by table. A test compares them with all columns.

A new column of text, JSON or lists must stand here or among the ``texts`` of its place, so that somebody has asked
whether a person's words may come into it.
"""

NOT_WORDS: dict[str, str] = {
    # hashes, fingerprints (a group's name is exchanged by the database's function), and words from fixed lists
    "revisions": "behavior fingerprint_unit group_unit content_hash",
    # ``blocked``, ``findings``: kinds from a fixed list; ``search`` is made of request and answer
    "examples": "status behavior split fingerprint_unit group_unit source findings blocked search",
    "test_cases": "behavior fingerprint_unit group_unit content_hash split",
    "outputs": "status finish_reason model_returned",
    "grades": "grader metric",
    "judgements": "judge turn status label model_returned",  # the labels stand in the judge's definition
    "calibration_marks": "choice",
    "pairs": "named",  # ids of the people who were asked for
    "votes": "choice criteria",
    "settled_pairs": "choice",
    "preference_results": "key",
    "imported_pairs": "key prompt_key fingerprint_unit candidate_a candidate_b",  # hashes, names of models
    "imported_votes": "winner criteria",
    "round_judgements": "turn status label model_returned",
    "annotations": "verdict behavior before client_token",  # ``before``: status and revision
    "suggestions": "behavior",
    "model_batch_items": "state measured dropped",  # figures, and counts by reason
    "knowledge_passages": "search",  # made of heading and text
    "knowledge_uploads": "status",
    "knowledge_embeddings": "kind embedder status",
    "findings": "kind code state replacement cluster",  # ``replacement``: a mask such as [email]
    "finding_changes": "action before",
    "assignments": "filter",
    "sign_offs": "item action content_hash example_ids revisions sample_ids",
    "verdicts": "run_ids verdict decision evidence evidence_hash numbers",  # figures that were signed
    "gate_sets": "gates",
    # definitions that the team wrote, figures, and errors of providers without the request
    "eval_runs": "status graders reuse_identical manifest manifest_hash metrics error",
    "comparison_results": "key",
    "grader_tries": "typed grader output_ids status error",
    "playground_judgings": "status error",
    "fine_tune_samples": "source",
    "launch_previews": "base_model objective status error",  # an erased preview loses its error too
    "notifications": "channel event dedupe_key status",
    "finding_decisions": "action",
    "imports": "stored_name format container status",
    "audit_events": "action object_type object_id",
}
