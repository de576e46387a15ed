"""Who is a minor for the session, by its settings: the parameters fonctions-gestion-mineurs and age-majorite."""

from __future__ import annotations

from datetime import date

from mock_dmp.state.settings import Settings
from protocol.directory import Patient


def is_minor(patient: Patient, today: date, settings: Settings) -> bool:
    """Is the patient a minor, the functions for minors being open? A record marked as minor is one."""
    if not settings.on("fonctions_gestion_mineurs"):
        return False
    return patient.minor or age(patient.birth_date, today) < int(settings.switch("age_majorite"))


def age(born: date, today: date) -> int:
    """Whole years; who was born on 29 February ages on 1 March in common years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
