import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.readablejson import readable

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(_VALUES)
def test_same_bytes_as_the_standard_library(value: object) -> None:
    assert readable(value) == json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def test_tuples_are_lists() -> None:
    assert readable({"b": (1, "é\n"), "a": ()}) == '{\n "a": [],\n "b": [\n  1,\n  "é\\n"\n ]\n}'


@pytest.mark.parametrize("value", [{1: "a"}, [b"bytes"], {"a": {None: 1}}])
def test_what_json_can_not_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        readable(value)
