"""Client of the mock's control API: sessions, settings, patients, status of numbers.

The harness knows the mock only through this and the wire. A platform that has no control API makes every
call here Unmet, so that a case which needs it ends INCONCLUSIVE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import requests

from harness.steps.api import Unmet
from protocol.errors import Text, ToolError
from protocol.exchange import Exchange, from_facts

_ROOT: Final = "/control/v1"
_NOT_FOUND: Final = 404
_TIMEOUT: Final = (5.0, 30.0)


@dataclass(frozen=True)
class TlsFiles:
    """Files of a mutual TLS connection: authority, client certificate, its key."""

    ca: Path
    certificate: Path
    key: Path


class ControlRefused(ToolError):
    """The control API answered with an error; `status` is the HTTP one."""

    def __init__(self, what: str, status: int, said: str) -> None:
        self.status = status
        super().__init__(
            "CTRL-002",
            Text("l'API de pilotage refuse", "the control API refuses"),
            field=what,
            found=f"HTTP {status} {said[:300]}",
        )


class Control:
    """Control API of the mock at `base` (scheme, host, port)."""

    def __init__(self, base: str, tls: TlsFiles | None) -> None:
        self._base = base.rstrip("/") + _ROOT
        self._http = requests.Session()
        self._http.trust_env = False
        if tls is not None:
            self._http.verify = str(tls.ca)
            self._http.cert = (str(tls.certificate), str(tls.key))

    def close(self) -> None:
        self._http.close()

    def create(self, name: str, settings: Mapping[str, Any]) -> None:
        """Open an isolated session. Raises ToolError."""
        self._call("POST", "/sessions", {"name": name, "settings": dict(settings)})

    def delete(self, name: str) -> None:
        self._call("DELETE", f"/sessions/{quote(name, safe='')}")

    def exists(self, name: str) -> bool:
        """Whether there is a session of that name. Raises ToolError."""
        return any(one["name"] == name for one in self._call("GET", "/sessions"))

    def restart(self, name: str) -> None:
        """A session back to its seed, settings and faults gone; its exchanges stay, with their numbers."""
        self._call("POST", f"/sessions/{quote(name, safe='')}/reset?exchanges=keep")

    def set(self, name: str, settings: Mapping[str, Any]) -> None:
        """Change rule severities and switches of a session."""
        self._call("PATCH", f"/sessions/{quote(name, safe='')}/settings", dict(settings))

    def patient(self, name: str, record: Mapping[str, Any]) -> None:
        """Seed or replace a patient of a session; same shape as datasets/patients."""
        self._call("POST", f"/sessions/{quote(name, safe='')}/patients", dict(record))

    def patients(self, name: str) -> list[dict[str, Any]]:
        """The patients of a session, by key."""
        found: list[dict[str, Any]] = []
        while more := self._patients_after(name, str(found[-1]["key"]) if found else ""):
            found += more
        return found

    def _patients_after(self, name: str, key: str) -> list[dict[str, Any]]:
        return list(
            self._call("GET", f"/sessions/{quote(name, safe='')}/patients?{urlencode({'after': key})}")
        )

    def number(self, name: str, number: str, status: str) -> None:
        """Set the status of a wire number in a session. Raises Unmet when the mock has no such number."""
        path = f"/sessions/{quote(name, safe='')}/numbers/{quote(number, safe='')}"
        try:
            self._call("PATCH", path, {"status": status})
        except ControlRefused as refused:
            if refused.status != _NOT_FOUND:
                raise
            raise Unmet(
                "STEP-014",
                Text(
                    "le simulateur ne connaît pas le numéro de la campagne",
                    "the mock does not know the number of the campaign",
                ),
                mend=Text("employer un numéro public de test", "use a public test number"),
            ) from None

    def declare_number(self, name: str, declaration: Mapping[str, Any]) -> None:
        """Declare a wire number in a session; same shape as datasets/lps."""
        self._call("POST", f"/sessions/{quote(name, safe='')}/numbers", dict(declaration))

    def status_list(self, name: str, given: Mapping[str, Any]) -> None:
        """Give a session a signed status list (`list`, `trust`, `key`), which it then believes.

        Raises Unmet when the platform can't be given one.
        """
        try:
            self._call("PUT", f"/sessions/{quote(name, safe='')}/status-list", dict(given))
        except ControlRefused as refused:
            if refused.status != _NOT_FOUND:
                raise
            raise Unmet(
                "STEP-015",
                Text(
                    "cette plateforme ne prend pas de liste de statuts d'une session",
                    "this platform takes no status list of a session",
                ),
                mend=Text("mettre le simulateur à jour", "bring the mock up to date"),
            ) from None

    def forget_status_list(self, name: str) -> None:
        """Take the status list of a session away; none is there: nothing to do."""
        try:
            self._call("DELETE", f"/sessions/{quote(name, safe='')}/status-list")
        except ControlRefused as refused:
            if refused.status != _NOT_FOUND:
                raise

    def arm(self, name: str, plan: Mapping[str, Any]) -> Mapping[str, Any]:
        """Arm one fault; what is told of it: `id`, `forbids`… Raises ToolError."""
        found: list[dict[str, Any]] = self._call(
            "POST", f"/sessions/{quote(name, safe='')}/faults", dict(plan)
        )
        return found[0]

    def disarm(self, name: str) -> None:
        """Disarm every fault of a session."""
        self._call("DELETE", f"/sessions/{quote(name, safe='')}/faults")

    def disarm_one(self, name: str, fault: int) -> None:
        """Disarm one fault of a session."""
        self._call("DELETE", f"/sessions/{quote(name, safe='')}/faults/{fault}")

    def faults(self, name: str) -> list[dict[str, Any]]:
        """The faults of a session, with what they struck."""
        return list(self._call("GET", f"/sessions/{quote(name, safe='')}/faults"))

    def exchanges(self, name: str, *, after: int = 0, limit: int = 100_000) -> list[dict[str, Any]]:
        """Facts of the exchanges of a session numbered above `after`, oldest first, bodies left out."""
        query = urlencode({"after": after, "limit": limit})
        return list(self._call("GET", f"/sessions/{quote(name, safe='')}/exchanges?{query}"))

    def last(self, name: str) -> int:
        """Number of the last exchange of a session, 0 when it has none."""
        found = self._call("GET", f"/sessions/{quote(name, safe='')}/exchanges?last=1")
        return int(found[-1]["seq"]) if found else 0

    def exchange(self, name: str, facts: Mapping[str, Any]) -> Exchange:
        """One of them, with its bytes."""
        place = f"/sessions/{quote(name, safe='')}/exchanges/{quote(str(facts['id']), safe='')}"
        return from_facts(dict(facts), self._bytes(f"{place}/request"), self._bytes(f"{place}/response"))

    def expect(self, name: str, expectations: Sequence[Mapping[str, Any]]) -> None:
        """Tell the live view what the session is about to receive. Raises ToolError."""
        told = {"expectations": [dict(one) for one in expectations]}
        self._call("POST", f"/sessions/{quote(name, safe='')}/expectations", told)

    def clock(self, name: str, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Turn the clock of a session; what it shows then: now, real, offset_seconds, frozen."""
        found: dict[str, Any] = self._call("PUT", f"/sessions/{quote(name, safe='')}/clock", dict(change))
        return found

    def moment(self, name: str) -> datetime:
        """What the clock of a session shows."""
        return datetime.fromisoformat(
            str(self._call("GET", f"/sessions/{quote(name, safe='')}/clock")["now"])
        )

    def traces(self, name: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Traces of access of a session, oldest first, chosen by the query."""
        return list(self._call("GET", f"/sessions/{quote(name, safe='')}/traces?{urlencode(query)}"))

    def patient_act(
        self, name: str, key: str, method: str, act: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """An act of the simulated patient; `act` is the end of its path. Raises ToolError when it is refused."""
        return self._call(
            method, f"/sessions/{quote(name, safe='')}/patients/{quote(key, safe='')}/{act}", body
        )

    def documents(self, name: str) -> list[Any]:
        """Documents that a session holds."""
        found = self._call("GET", f"/sessions/{quote(name, safe='')}/documents")
        return list(found["documents"] if isinstance(found, dict) else found)

    def _bytes(self, path: str) -> bytes:
        try:
            answer = self._http.get(self._base + path, timeout=_TIMEOUT)
        except requests.RequestException as problem:
            raise _silent(f"GET {path}", problem) from problem
        if not answer.ok:
            raise ControlRefused(f"GET {path}", answer.status_code, answer.text)
        return answer.content

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        shown = path.partition("/numbers/")[0]  # a number is secret
        try:
            answer = self._http.request(method, self._base + path, json=body, timeout=_TIMEOUT)
        except requests.RequestException as problem:
            raise _silent(f"{method} {shown}", problem) from problem
        if not answer.ok:
            raise ControlRefused(f"{method} {shown}", answer.status_code, answer.text)
        return answer.json() if answer.content else None


def _silent(what: str, problem: Exception) -> ToolError:
    return ToolError(
        "CTRL-001",
        Text("l'API de pilotage ne répond pas", "the control API does not answer"),
        field=what,
        found=type(problem).__name__,
    )


@dataclass(frozen=True)
class Platform:
    """The platform as one case sees it: base URL of the services, session and control API when it is a
    mock.
    """

    url: str
    session: str = ""
    control: Control | None = None

    def need(self) -> Control:
        """The control API. Raises Unmet when the platform has none."""
        if self.control is None:
            raise Unmet(
                "STEP-010",
                Text(
                    "la précondition demande l'API de pilotage du simulateur, que cette plateforme n'a pas",
                    "the precondition needs the control API of the mock, which this platform lacks",
                ),
            )
        return self.control
