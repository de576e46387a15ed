"""What an application file says to a reader: where it is, who is to act, what is possible and what stops the rest."""

from __future__ import annotations

from typing import Any

from harness.results import INHERITED, text_to_plain
from protocol.errors import Lang, Text
from protocol.trust import stamp
from protocol.visible import one_line
from reports.dossier.book import Dossier
from reports.dossier.people import People
from reports.dossier.states import STATES

_HANDS = {
    "editor": Text("l'éditeur", "the vendor"),
    "reviewer": Text("un relecteur", "a reviewer"),
    "agency": Text("l'autorité", "the agency"),
    "": Text("personne", "nobody"),
}


def line(dossier: Dossier) -> dict[str, Any]:
    """One file in a list."""
    now = dossier.read()
    return {
        "dossier": now.dossier,
        "state": now.state,
        "label": text_to_plain(STATES[now.state][0]),
        "reference": now.reference if now.registered else "",
    }


def status(dossier: Dossier, people: People) -> dict[str, Any]:
    """A file in full, as plain JSON."""
    now = dossier.read()
    hand = STATES[now.state][1]
    return {
        **line(dossier),
        "next": text_to_plain(_HANDS[hand]),
        "opening": dict(now.opening),
        "acts": [
            {
                "act": move.name,
                "text": text_to_plain(move.text),
                "roles": list(move.roles),
                "stopped": None
                if stop is None
                else {
                    "text": text_to_plain(stop.text),
                    "found": stop.found,
                    "lift": text_to_plain(stop.lift),
                },
            }
            for move, stop in dossier.allowed()
        ],
        "verdicts": {
            case: {
                "original": verdict,
                "counts": now.verdict(case),
                "reviews": len(now.reviews.get(case, ())),
            }
            for case, verdict in now.verdicts.items()
        },
        "anomalies": {
            name: dict(event.facts) | {"reason": event.reason} for name, event in now.anomalies.items()
        },
        "disputes": {
            name: dict(event.facts) | {"reason": event.reason} for name, event in now.disputes.items()
        },
        "approvals": [people.name(actor) for actor in now.approvals],
        "stale": now.stale,
        "head": now.history[-1].line if now.history else "",
        "delegated": delegated(dossier),
        "history": [
            {
                "seq": event.seq,
                "at": stamp(event.at),
                "by": people.name(event.actor),
                "type": event.kind,
                "reason": event.reason,
                "facts": {
                    name: value
                    for name, value in event.facts.items()
                    if name in ("move", "case", "what", "id")
                },
            }
            for event in now.history
        ],
    }


def delegated(dossier: Dossier) -> dict[str, Any] | None:
    """What the file takes from a connector, and whether that counts now; None for a file that stands on none."""
    now = dossier.read()
    parent = str(now.opening.get("parent", ""))
    if not parent:
        return None
    return {
        "connector": parent,
        "in_force": dossier.parent_in_force(parent),
        "cases": [case for case, verdict in now.verdicts.items() if verdict == INHERITED],
    }


def _delegated(told: dict[str, Any], lang: Lang) -> str:
    count, parent = len(told["cases"]), told["connector"]
    said = (
        Text(
            f"{count} cas hérités du connecteur {parent}", f"{count} cases inherited from connector {parent}"
        )
        if told["in_force"]
        else Text(
            f"! {count} cas hérités du connecteur {parent}, qui n'est plus en vigueur : ils ne comptent plus",
            f"! {count} cases inherited from connector {parent}, no longer in force: they count no more",
        )
    )
    return said.to(lang)


def sentences(told: dict[str, Any], lang: Lang) -> str:
    """The same for a screen."""
    hand = "à qui d'agir" if lang == "fr" else "who is to act"
    colon = " : " if lang == "fr" else ": "
    lines = [
        f"{told['dossier']}{colon}{told['label'][lang]}"
        + (f" — {told['reference']}" if told["reference"] else "")
    ]
    lines.append(f"{hand}{colon}{told['next'][lang]}")
    for act in told["acts"]:
        stopped = act["stopped"]
        sign = "·" if stopped is None else "✗"
        lines.append(f"  {sign} {act['act']}{colon}{act['text'][lang]}")
        if stopped is not None:
            found = f" ({stopped['found']})" if stopped["found"] else ""
            lines.append(one_line(f"      {stopped['text'][lang]}{found} → {stopped['lift'][lang]}"))
    if told["delegated"]:
        lines.append(one_line(f"  {_delegated(told['delegated'], lang)}"))
    for name, event in {**told["anomalies"], **told["disputes"]}.items():
        lines.append(one_line(f"  ! {name} {event['case']}{colon}{event['reason']}"))
    for event in told["history"]:
        what = " ".join(str(value) for value in event["facts"].values())
        lines.append(
            one_line(
                f"  {event['seq']:>3}  {event['at']}  {event['by']}  {event['type']} {what} — {event['reason']}"
            )
        )
    return "\n".join(lines)
