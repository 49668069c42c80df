"""Records that a format can hold, as hypothesis makes them up."""

from typing import Any

import orjson
from hypothesis import strategies as st

from app.datasets.formats import Record

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXT = st.text(LETTERS, min_size=1, max_size=30).filter(lambda text: bool(text.strip())) | st.sampled_from(
    ["=1+1", "'=quoted", "-5", "a\r\nb", 'say "no"', "zero\u200bwidth", "مرحبا", "a\u2028b", "{}", "\tTab", "\n\nx"]
)
NAME = st.text("abcdefgh_", min_size=1, max_size=8)
OBJECT = st.dictionaries(NAME, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT, max_size=3)
TAGS = st.lists(NAME, max_size=3, unique=True).map(tuple)


def plain(role: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"role": st.just(role), "content": TEXT})


@st.composite
def calls(draw: Any, first: int, most: int = 2) -> list[dict[str, Any]]:
    """Tool calls whose ids are those that an import without ids would give."""
    made = []
    for number in range(first, first + draw(st.integers(1, most))):
        function = {"name": draw(NAME), "arguments": orjson.dumps(draw(OBJECT)).decode()}
        made.append({"id": f"call_{number}", "type": "function", "function": function})
    return made


@st.composite
def turns(draw: Any, *, tools: bool, parallel: bool, weights: bool) -> list[dict[str, Any]]:
    """A conversation by turns that ends with an answer."""
    found = [draw(plain("system"))] if draw(st.booleans()) else []
    number = 1
    for _ in range(draw(st.integers(1, 3))):
        found.append(draw(plain("user")))
        if tools and draw(st.booleans()):
            made = draw(calls(number, 2 if parallel else 1))
            number += len(made)
            found.append({"role": "assistant", "content": None, "tool_calls": made})
            results = [{"role": "tool", "tool_call_id": call["id"], "content": draw(TEXT)} for call in made]
            found += results
        answer = draw(plain("assistant"))
        if weights and draw(st.booleans()):
            answer["weight"] = draw(st.sampled_from([0, 1]))
        found.append(answer)
    return found


TOOLS = st.none() | st.lists(
    st.fixed_dictionaries(
        {"type": st.just("function"), "function": st.fixed_dictionaries({"name": NAME, "parameters": OBJECT})}
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def records(
    draw: Any,
    *,
    tools: bool = True,
    parallel: bool = True,
    weights: bool = True,
    pairs: bool | None = None,
    ours: bool = True,
) -> Record:
    """``pairs``: with a non-preferred answer always, never, or (None) at times; ``ours``: with our own fields."""
    paired = draw(st.booleans()) if pairs is None else pairs
    other = [draw(plain("assistant"))] if paired else None
    found = Record(
        1, draw(turns(tools=tools, parallel=parallel, weights=weights)), draw(TOOLS) if tools else None, other
    )
    if not ours:
        return found
    behavior = draw(st.sampled_from([None, "answer", "refuse"]))
    expected = draw(st.none() | st.fixed_dictionaries({"label": NAME}))
    if behavior:
        expected = (expected or {}) | {"behavior": behavior}
    return Record(
        1,
        found.messages,
        found.tools,
        found.non_preferred,
        expected,
        behavior,
        draw(TAGS),
        draw(st.none() | NAME),
        draw(st.sampled_from([None, "production", "written"])),
        draw(st.dictionaries(st.sampled_from(["ticket", "lang"]), TEXT | st.integers(0, 9), max_size=2)),
    )
