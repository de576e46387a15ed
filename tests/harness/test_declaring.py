"""Options, edition of the guide and family of products that a campaign declares: checked against data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import Campaign, load_campaign
from harness.declaring import options
from harness.sessions import _homologated
from protocol.errors import DmpcompatError
from tests.selfplay import DEMO

FAMILY = {
    "name": "Gamme",
    "products": [
        {"name": "LPS-TEST", "version": "1.0.0", "nil": "NIL-1", "os": "Linux"},
        {"name": "LPS-TEST", "version": "1.1.0"},
        {"name": "LPS-LEGER", "version": "1.0.0"},
    ],
}


def load(place: Path, **changes: Any) -> Campaign:
    path = place / "campagne.yaml"
    path.write_text(json.dumps({**DEMO, **changes}), encoding="utf-8")
    return load_campaign(path)


def test_the_demonstration_declares_known_options() -> None:
    assert set(DEMO["options"]) <= set(options())
    assert all(told.fr.endswith(".") and told.en.endswith(".") for told in options().values())


def test_a_family_of_several_products_is_one_number(tmp_path: Path) -> None:
    loaded = load(tmp_path, family=FAMILY, guide="SEL-MP-037 2.9")
    told = _homologated(loaded)
    assert told["family"] == "Gamme"
    assert told["products"] == [
        {"name": "LPS-TEST", "versions": ["1.0.0", "1.1.0"]},
        {"name": "LPS-LEGER", "versions": ["1.0.0"]},
    ]
    assert _homologated(load(tmp_path))["products"] == [{"name": "LPS-TEST", "versions": ["1.0.0"]}]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"options": ["vacination"]}, "CAMP-013"),
        ({"guide": "SEL-MP-037 3.0"}, "CAMP-014"),
        ({"family": FAMILY | {"products": FAMILY["products"][:1] * 2}}, "CAMP-033"),  # type: ignore[index]
        ({"family": FAMILY | {"products": FAMILY["products"][2:]}}, "CAMP-034"),  # type: ignore[index]
    ],
)
def test_what_is_unknown_is_told(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(DmpcompatError) as caught:
        load(tmp_path, **changes)
    assert code in caught.value.message("en")


def test_the_nearest_option_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(DmpcompatError) as caught:
        load(tmp_path, options=["vacination"])
    assert "vaccination" in caught.value.message("en")
