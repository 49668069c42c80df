"""Were the expected tools called, with the expected arguments?"""

from collections.abc import Mapping
from typing import Any, Literal

from app.core.strict_json import StrictJsonError, parse
from app.evals.graders.base import Definition, NotGradable, Sample, Scored
from app.evals.graders.json_schema import printable
from app.evals.graders.templates import Scope, paths
from app.evals.graders.tool_schemas import ToolSchema, schemas_of
from app.evals.graders.tool_values import Expected, Given, differences, unusable

MAX_CALLS = 64
SHOWN = 8
# A call of another function is no partner while one of the same function is there.
OTHER_NAME = 1_000


class ToolCall(Definition):
    """1 where the calls are the expected ones, else 0.

    ``expected``: calls as OpenAI writes them, where a call may carry ``allowed`` (argument → other values that are
    right too) and ``optional`` (arguments that may be left out); an empty list expects no call. Function names and
    argument names must be equal, values equal in type and value (5 is 5.0, "5" and true are not 1). Arguments must be
    JSON and satisfy the schema of the case's tool; an argument that the tool does not have is wrong unless its schema
    allows it. Where the expected call itself is against the schema, that is said and not held against the output.
    Parallel calls may come in any ``order`` unless it is ``exact``. ``strings`` set to ``loose`` puts case,
    blanks and the marks ,./-_*^ aside, as the Berkeley leaderboard does.
    """

    default_metric = "task_accuracy"
    type: Literal["tool_call"]
    expected: str = "{{item.expected.tool_calls}}"
    order: Literal["any", "exact"] = "any"
    strings: Literal["exact", "loose"] = "exact"

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.expected,) if paths(self.expected) else ()

    def check_case(self, item: Mapping[str, Any]) -> None:
        schemas_of(item.get("tools") or ())
        self._wanted(Scope(item, Sample(None)))

    def score(self, scope: Scope) -> Scored:
        wanted = self._wanted(scope)
        schemas = schemas_of(scope.item.get("tools") or ())
        given = [Given.read(call) for call in scope.sample.tool_calls[:MAX_CALLS]]
        problems = _text_instead(scope, wanted) if not given else []
        if len(scope.sample.tool_calls) > MAX_CALLS:
            problems.append(f"more than {MAX_CALLS} calls")
        refused = [f"{call.name}: {problem}" for call in given for problem in unusable(call, schemas)]
        excused = _of_the_case(wanted, schemas) if refused else set()
        contradicted = [one for one in refused if one in excused]
        problems += [one for one in refused if one not in contradicted]
        problems = problems or self._compared(wanted, given)
        shown = [printable(problem) for problem in problems[:SHOWN]]
        if shown:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            return Scored(0.0, shown[0] + more, {"problems": shown})
        names = ", ".join(call.name for call in given)
        though = f", though the case's own schema refuses that ({contradicted[0]})" if contradicted else ""
        detail = {"case": [printable(one) for one in contradicted[:SHOWN]]} if contradicted else {}
        return Scored(1.0, printable(f"calls {names} as expected{though}") if names else "no call, as expected", detail)

    def _wanted(self, scope: Scope) -> list[Expected]:
        try:
            value = parse(scope.fill(self.expected))
        except StrictJsonError as error:
            raise NotGradable(f"the expected calls are not JSON: {error}") from None
        if not isinstance(value, list) or len(value) > MAX_CALLS:
            raise NotGradable(f"the expected calls are not a list of at most {MAX_CALLS}")
        return [Expected.read(call) for call in value]

    def _compared(self, wanted: list[Expected], given: list[Given]) -> list[str]:
        loose = self.strings == "loose"
        in_order = _paired(wanted, given, [(i, i) for i in range(min(len(wanted), len(given)))], loose)
        if not in_order or self.order == "exact" or len(wanted) * len(given) < 2:
            return in_order
        return _paired(wanted, given, _closest(wanted, given, loose), loose)


def _of_the_case(wanted: list[Expected], schemas: Mapping[str, ToolSchema]) -> set[str]:
    """What the tools' schemas say against the expected calls themselves: a mistake in the case, none of the output."""
    return {
        f"{call.name}: {problem}"
        for call in wanted
        if call.name in schemas
        for arguments in (call.fullest, call.barest)
        for problem in schemas[call.name].problems(arguments)
    }


def _text_instead(scope: Scope, wanted: list[Expected]) -> list[str]:
    if not wanted:
        return []
    said = "a refusal" if scope.sample.refusal else "text"
    return [f"{said} instead of a call of {wanted[0].name}"]


def _paired(wanted: list[Expected], given: list[Given], pairs: list[tuple[int, int]], loose: bool) -> list[str]:
    """What is wrong when the calls are paired so; what has no partner is missing, or too much."""
    problems = [
        f"{given[theirs].name}: {problem}"
        for ours, theirs in pairs
        for problem in differences(wanted[ours], given[theirs], loose)
    ]
    left, right = {ours for ours, _ in pairs}, {theirs for _, theirs in pairs}
    problems += [f"{call.name} is not called" for i, call in enumerate(wanted) if i not in left]
    return problems + [
        f"{call.name} is called, and that is not expected" for i, call in enumerate(given) if i not in right
    ]


def _closest(wanted: list[Expected], given: list[Given], loose: bool) -> list[tuple[int, int]]:
    """The pairing with the fewest differences (the assignment problem, by scipy)."""
    from scipy.optimize import linear_sum_assignment

    costs = [
        [OTHER_NAME if ours.name != theirs.name else len(differences(ours, theirs, loose)) for theirs in given]
        for ours in wanted
    ]
    rows, columns = linear_sum_assignment(costs)
    pairs: list[Any] = list(zip(rows.tolist(), columns.tolist(), strict=True))
    return [pair for pair in pairs if costs[pair[0]][pair[1]] < OTHER_NAME]
