"""oru2xds as the LPS, run by the interpreter of its own environment: one laboratory report becomes one ITI-41.

It is told on standard input what `dmpcompat run --hook` tells. Its listener is left out (it binds every interface):
its converter is called, as the listener would.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

#: Fields of the observation request, by their rank.
ORDER = {
    1: "1", 2: "D-1", 3: "R-1", 4: "4548-4^Hemoglobine glyquee^LN", 7: "20260131080000", 18: "ACC-1", 19: "R-1",
    21: "LABO", 22: "20260131083000", 24: "LAB", 25: "F", 27: "^^^20260131080000",
    32: "899990000137&EPREUVE&CAMILLE", 35: "899990000137&EPREUVE&CAMILLE",
}  # fmt: skip


def report(case: str, patient: dict[str, str]) -> str:
    """The HL7 v2 message that a laboratory would hand over."""
    birth = patient["birth_date"].replace("-", "")
    return "\r".join(
        (
            rf"MSH|^~\&|LABO|LABO FICTIF|DMP|DMP|20260131083000||ORU^R01|{case}|P|2.8|||AL|AL|FRA|8859/1",
            f"PID|||{patient['ins']}^^^&{patient['domain']}&ISO||{patient['family']}^{patient['given']}||{birth}"
            f"|{patient['sex']}",
            "OBR|" + "|".join(ORDER.get(rank, "") for rank in range(1, 45)),
            "OBX|1|TX|||HbA1c 5,4 %||||||F",
            "ZEI|1",
        )
    )


def main() -> int:
    wanted = json.load(sys.stdin)
    found = importlib.util.find_spec("oru2xds")
    if found is None or not found.submodule_search_locations:
        print("oru2xds is absent", file=sys.stderr)
        return 1
    sys.path.insert(0, found.submodule_search_locations[0])  # its modules import each other by bare names
    config = importlib.import_module("config")
    hl7 = importlib.import_module("hl7")
    bridge = importlib.import_module("hl7_v2x_receiver")  # first: the two import each other
    patient = wanted["patient"]
    config.SERVICE_URL = wanted["url"]
    config.AFFINITY_DOMAIN_ASSIGNING_AUTHORITY_OID = patient["domain"]
    with tempfile.TemporaryDirectory() as logs:
        config.LOG_DIR_PATH = logs
        for kind in ("cda", "xds", "soap"):
            (Path(logs) / kind).mkdir()
        try:
            bridge.IheXds().convert_to_ITI41(hl7.parse(report(wanted["case"], patient)))
        except RuntimeError as refusal:  # what it makes of any answer that is no plain success
            print(f"sent; it says: {refusal}")
            return 0
    print("sent; it says: Success")
    return 0


if __name__ == "__main__":
    sys.exit(main())
