"""Every case of the plan can fail: what is sent is no longer wrong, is wrong unasked, or the stage is not set.

One campaign for each kind of change. Platforms that are too lenient and answers that are altered: test_selfplay.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import evidence
from harness.drive import urls
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from tests.selfplay import CASES, campaign, explained, judged_request, unaltered, wrong_on_purpose

#: Transaction -> a defect of the software in its message, and the rule that must see it.
DEFECT_OF = {
    "TD0.2": ("no-patient-identifier", "HL7-PARAMETER"),
    "TD0.3": ("unknown-authorisation-role", "HAB-ROLE"),
    "TD0.4": ("unknown-date-type", "LIST-DATE-TYPE"),
    "TD0.5": ("criterion-twice", "PDQ-CRITERIA"),
    "TD0.9": ("url-traits", "WEBPS-PRIVACY"),
    "TD0.10": ("url-traits", "WEBPS-PRIVACY"),
    "TD1.1": ("no-author-name", "GDP-AUTHOR"),
    "TD1.2": ("no-author-name", "GDP-AUTHOR"),
    "TD1.3a": ("no-patient-identifier", "HL7-PARAMETER"),
    "TD1.3b": ("no-author-name", "GDP-AUTHOR"),
    "TD1.4": ("no-author-name", "GDP-AUTHOR"),
    "TD1.5a": ("unknown-channel-type", "ACCESS-TYPE"),
    "TD1.5b": ("unknown-channel-type", "ACCESS-TYPE"),
    "TD1.5c": ("unknown-channel-type", "ACCESS-TYPE"),
    "TD1.5d": ("credentials-sent", "ACCESS-CONTENT"),
    "TD1.6": ("unknown-list-mode", "AUTH-LIST-CONTENT"),
    "TD2.1": ("class-of-another-type", "CODE-CLASS-OF-TYPE"),
    "TD2.2": ("class-of-another-type", "CODE-CLASS-OF-TYPE"),
    "TD3.1": ("unknown-return-type", "QUERY-RETURN"),
    "TD3.2": ("entry-uuid-as-unique-id", "RETRIEVE-REQUEST"),
    "TD3.3a": ("no-logical-id", "UPD-LOGICAL-ID"),
    "TD3.3b": ("no-logical-id", "UPD-LOGICAL-ID"),
    "TD3.3c": ("wrong-original-status", "UPD-STATUS"),
    "TD3.3d": ("unknown-new-status", "UPD-STATUS"),
}
#: The same for one case: its message has no place for the defect of its transaction.
DEFECT_IN = {"CT-0.4-050": ("no-lps-name", "VIHF-ATTRIBUTES")}
#: Case, rank of its step, one more defect of the software in it, the rule that must see it.
MORE_DEFECTS = [
    ("CT-0.1-010", 0, "no-signature-document", "SS-SIGNS"),
    ("CT-0.1-020", 0, "other-lps-version", "NUM-VERSION"),
    ("CT-0.1-020", 0, "no-lps-name", "VIHF-ATTRIBUTES"),
    ("CT-0.4-010", 2, "local-start-date", "LIST-START-DATE"),
    ("CT-0.4-020", 0, "no-date-type", "LIST-DATE-TYPE"),
    ("CT-1.1-010", 1, "no-card-traits", "GDP-CARD"),
    ("CT-1.1-030", 0, "no-oppositions", "GDP-OPPOSITIONS"),
    ("CT-1.1-090", 1, "unknown-quality", "GDP-REPRESENTATIVE"),
    ("CT-1.2-010", 1, "no-author-name", "GDP-AUTHOR"),
    ("CT-1.3-010", 0, "no-patient-identifier", "HL7-PARAMETER"),
    ("CT-1.3-010", 1, "two-patients", "GDP-PATIENT-ID"),
    ("CT-1.4-010", 0, "closing-left-active", "GDP-STATUS"),
    ("CT-1.5-010", 1, "international-channel", "ACCESS-CHANNEL"),
    ("CT-1.5-040", 1, "two-channels", "ACCESS-CONTENT"),
    ("CT-1.5-050", 0, "credentials-sent", "ACCESS-SECRETS-KEPT"),
    ("CT-2.1-020", 0, "code-out-of-value-set", "COH-TYPE"),
    ("CT-2.1-020", 0, "bad-signature-value", "XADES-VALUE"),
    ("CT-2.1-050", 0, "inline-base64", "EXPECT-REQUEST"),
    ("CT-3.1-010", 1, "patient-in-parentheses", "QUERY-SINGLE"),
    *(
        ("CT-0.9-010", 2, name, rule)
        for name, rule in {
            "url-page-case": "WEBPS-PATH",
            "url-without-ins": "WEBPS-PATH",
            "url-ins-key": "WEBPS-INS",
            "url-ins-in-query": "WEBPS-PRIVACY",
            "url-encoded-twice": "WEBPS-INS",
            "url-injection": "WEBPS-INS",
        }.items()
    ),
]
Change = Callable[[list[Any]], Any]
#: Case -> what is not set on its stage, or is set against it. Of the platform, and of what is neither sent wrong nor
#: refused: nothing else here could make these fail.
STAGED: dict[str, Change] = {
    "CT-0.0-010": lambda steps: steps.insert(0, settings(td0_0_open=True)),
    "CT-0.0-030": lambda steps: steps.pop(0),  # the service is closed
    "CT-0.9-080": lambda steps: steps.pop(3),  # the patient does not mask
    "CT-0.10-020": lambda steps: steps.insert(0, settings(web_ps_air=True)),
    "CT-1.4-015": lambda steps: steps.insert(0, settings(defects="ack-without-target")),
    "CT-1.5-030": lambda steps: steps.insert(0, seeded("actif-autorise", dmp={"internet_account": False})),
    "CT-3.1-100": lambda steps: steps.insert(0, settings(defects="masked-leaked")),
    "CT-3.1-140": lambda steps: steps.insert(0, settings(defects="version-not-bumped")),
    "CT-CLK-010": lambda steps: steps.pop(1),  # the clock does not move
    "CT-CLK-020": lambda steps: steps.pop(2),
    "CT-CLK-030": lambda steps: steps[0]["prepare"]["clock"].pop("lps"),  # the software's follows
    "CT-PAT-010": lambda steps: steps.pop(0),  # the patient does not block
    "CT-PAT-020": lambda steps: steps.pop(1),  # the patient does not oppose
    "CT-TR-010": lambda steps: steps[0]["handshake"]["refused"].append("ECDHE-RSA-AES128-GCM-SHA256"),
    "CT-TRC-020": lambda steps: steps.pop(5),  # the history is not shortened
    "CT-TRC-040": lambda steps: steps[0].pop("with"),  # the connection is not secret
}


def settings(**values: Any) -> dict[str, Any]:
    return {"prepare": {"settings": values}}


def seeded(key: str, **changes: Any) -> dict[str, Any]:
    return {"prepare": {"patients": [{"key": key, "changes": changes}]}}


def defective(case: dict[str, Any], rank: int, defect: str) -> dict[str, Any]:
    """The case with that defect in that step, whose request is judged nevertheless."""
    changed = copy.deepcopy(case)
    changed["steps"][rank] |= {"alter": [defect], "judge": ["request", "response"]}
    return changed


def transaction_of(step: dict[str, Any]) -> str:
    return str(step.get("drive") or step.get("transaction", "TD0.9"))


def watching(case: dict[str, Any]) -> bool:
    """Whether it watches for what must not be sent: `dmpcompat plan prove` sends it (tests/harness/plans)."""
    return any("watch" in step for step in case["steps"])


def with_a_defect() -> dict[str, tuple[dict[str, Any], int, str]]:
    """Case of a software under test -> the same with a defect, the rank of its step, the rule that must see it."""
    found = {}
    for code, case in CASES.items():
        rank = judged_request(case) if case["side"] == "L" and not watching(case) else None
        if rank is not None:
            defect, rule = DEFECT_IN.get(code) or DEFECT_OF[transaction_of(case["steps"][rank])]
            found[code] = (defective(case, rank, defect), rank, rule)
    return found


def test_a_request_that_is_no_longer_wrong_turns_the_verdict_to_fail(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    wrong = wrong_on_purpose()
    assert len(wrong) >= 50
    result = campaign(tmp_path, [unaltered(case) for case in wrong], mock, pki_folder)
    assert explained(result, but=Verdict.FAIL) == {}
    assert result.exit_code == 1


def test_a_defect_that_nobody_asked_for_fails_every_case_of_a_software(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    made = with_a_defect()
    assert set(made) == {code for code, case in CASES.items() if case["side"] == "L" and not watching(case)}
    for number, (code, rank, defect, rule) in enumerate(MORE_DEFECTS):
        name = f"DEF-1-{number:03}"
        made[name] = (defective(CASES[code], rank, defect) | {"code": name}, rank, rule)
    result = campaign(tmp_path, [case for case, _, _ in made.values()], mock, pki_folder)
    assert explained(result, but=Verdict.FAIL) == {}
    unseen = {}
    for name, (_, rank, rule) in made.items():
        lines = evidence.read_json(result.evidence / name / "assertions.json")
        broken = {line["rule"] for line in lines if (line["status"], line["step"]) == ("FAIL", rank + 1)}
        if rule not in broken:
            unseen[name] = (rule, broken)
    assert unseen == {}


def test_every_transaction_and_every_mistake_of_an_address_is_made_wrong() -> None:
    sent = {transaction_of(case["steps"][rank]) for case, rank, _ in with_a_defect().values()}
    assert sent <= set(DEFECT_OF)
    tried = {defect for _, _, defect, _ in MORE_DEFECTS} | {defect for defect, _ in DEFECT_OF.values()}
    # That one leads out of the site: no page answers it.
    assert set(urls.defects()) - tried == {"url-prefix-case"}


def test_a_stage_that_is_not_set_fails_its_case(mock: MockServer, pki_folder: Path, tmp_path: Path) -> None:
    cases = []
    for code, change in STAGED.items():
        case = copy.deepcopy(CASES[code])
        change(case["steps"])
        cases.append(case)
    assert explained(campaign(tmp_path, cases, mock, pki_folder), but=Verdict.FAIL) == {}
