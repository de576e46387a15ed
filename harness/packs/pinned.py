"""The official pack of a run: chosen by the campaign or by name, pinned by its digest in the evidence, found again.

Registering and reading packs is harness.packs.registry's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.packs import registry
from harness.packs.registry import Pack
from protocol.errors import ConfigError, Text


def chosen(name: str, sha256: str) -> Pack:
    """The registered pack of that name, refused when it isn't the one that `sha256` pins ("" pins nothing).

    Raises UsageError (PACK-004), ConfigError (PACK-005, PACK-006, PACK-007 another content than is pinned).
    """
    pack = registry.load(name)
    if sha256 and sha256 != pack.digest:
        raise ConfigError(
            "PACK-007",
            Text(
                "le paquet n'est pas celui que la campagne fige",
                "the pack is not the one that the campaign pins",
            ),
            field="pack.sha256",
            found=pack.digest,
            expected=sha256,
            mend=Text("enregistrer la bonne version du kit", "register the right version of the kit"),
        )
    return pack


def facts_of(pack: Pack | None) -> dict[str, Any]:
    """What a run says of its pack, under `pack`; nothing without one. `engine`: digest of what runs its layers."""
    if pack is None:
        return {}
    told = {"name": pack.name, "version": pack.version, "sha256": pack.digest, "files": pack.files}
    return {"pack": told | {"engine": registry.engine_digest()}}


def same_engine(facts: Mapping[str, Any]) -> bool:
    """Whether the layers of a run's pack would be run by what ran them."""
    told = facts.get("pack")
    return not told or told.get("engine") == registry.engine_digest()


def found_again(facts: Mapping[str, Any]) -> tuple[Pack | None, str]:
    """The pack of a run, whatever its name here; or None and which one is missing, "" for a run without a pack."""
    told = facts.get("pack")
    if not told:
        return None, ""
    for pack in registry.registered():
        if pack.digest == told["sha256"]:
            try:
                return registry.load(pack.name), ""
            except ConfigError:
                continue  # no longer what was registered
    version = f" ({told['version']})" if told.get("version") else ""
    return None, f"{told['name']}@{told['sha256']}{version}"
