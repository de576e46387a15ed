from __future__ import annotations

from protocol.coded import Coded


def test_the_label_proves_nothing() -> None:
    assert Coded("10", "1.2", "Médecin").same(Coded("10", "1.2", "Physician"))
    assert not Coded("10", "1.2").same(Coded("10", "1.3"))
    assert not Coded("10", "1.2").same(Coded("21", "1.2"))
    assert Coded("10", "1.2", "Médecin") != Coded("10", "1.2")
    assert str(Coded("SA07", "1.2.250.1.71.4.2.4", "x")) == "SA07^1.2.250.1.71.4.2.4"
