"""Why each case of a plan is in the scope of a campaign or not, in one sentence. The decision is `harness.scope`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.scope import Scoped, State
from protocol.errors import Text

_SENTENCES: Final[Mapping[State, Text]] = {
    "included": Text("joué, puisque la campagne déclare {0}", "played, since the campaign declares {0}"),
    "excluded": Text("hors du périmètre : {0}", "outside the scope: {0}"),
    "not-applicable": Text("sans objet, dit la campagne : {0}", "not applicable, says the campaign: {0}"),
    "inherited": Text("prouvé ailleurs : {0}", "proved elsewhere: {0}"),
    "not-selected": Text("laissé de côté : {0}", "left aside: {0}"),
}
_NOTHING: Final = Text("ses transactions", "its transactions")


def sentence(one: Scoped) -> Text:
    """`CT-2.1-010 : joué, puisque la campagne déclare profil : alimentation ; …`."""
    form, why = _SENTENCES[one.state], one.reason if one.reason.fr else _NOTHING
    return Text(
        f"{one.case.code} : {form.fr.format(why.fr)}.",
        f"{one.case.code}: {form.en.format(why.en)}.",
    )


def to_plain(scoped: Sequence[Scoped]) -> dict[str, Any]:
    """The scope as plain JSON, with its figures."""
    told = [(one, sentence(one)) for one in scoped]
    return {
        "schema": "dmpcompat-scope/1",
        "counts": dict(Counter(one.state for one in scoped)),
        "cases": [
            {"code": one.case.code, "state": one.state, "sentence": {"fr": said.fr, "en": said.en}}
            for one, said in told
        ],
    }
