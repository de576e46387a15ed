"""What can be wrong in a kit, by code: title, effect on verdicts and how to mend. Values and words only.

A defect of the kit is never a fault of the document: a code is quoted where something could not be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from protocol.errors import NO_TEXT, Text

#: blocks: a layer can't run. silences: something is never checked. note: worth knowing, verdicts hold.
Level = Literal["blocks", "silences", "note"]
LEVELS: Final[tuple[Level, ...]] = ("blocks", "silences", "note")


@dataclass(frozen=True)
class Kind:
    """One kind of defect, told in both languages."""

    code: str
    level: Level
    title: Text
    effect: Text
    mend: Text


@dataclass(frozen=True)
class KitDefect:
    """One defect. `path` is relative to the pack, `line` 0 when it has none; `found` is data, shown as it is;
    `touches`: Schematrons it bears on; `detail`: words that only this one needs."""

    code: str
    path: str
    line: int = 0
    found: str = ""
    touches: tuple[str, ...] = ()
    detail: Text = NO_TEXT

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    @property
    def level(self) -> Level:
        return self.kind.level

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


_GIVEN_BACK: Final = Text(
    "signaler à l'éditeur du kit ; prendre une version où le fichier est complet",
    "report it to the publisher of the kit; take a version where the file is complete",
)
_RENAME: Final = Text(
    "renommer le fichier ou corriger le lien ; nous suivons le nom malgré la casse",
    "rename the file or mend the link; we follow the name in spite of its case",
)
_REPORT: Final = Text("signaler à l'éditeur du kit", "report it to the publisher of the kit")

_ALL: Final = (
    Kind(
        "KIT-001",
        "blocks",
        Text("pas de schéma d'entrée du CDA", "no entry schema of CDA"),
        Text("la couche XSD ne peut pas être jouée", "the XSD layer can't run"),
        Text("ajouter CDA_extended.xsd et ses inclusions", "add CDA_extended.xsd and what it includes"),
    ),
    Kind(
        "KIT-002",
        "blocks",
        Text("le schéma du CDA ne se compile pas", "the schema of CDA does not compile"),
        Text("la couche XSD est en ERREUR pour tout document", "the XSD layer is ERROR for every document"),
        _GIVEN_BACK,
    ),
    Kind(
        "KIT-003",
        "blocks",
        Text("un Schematron générique manque", "a generic Schematron is missing"),
        Text(
            "la couche n'est pas jouée : le verdict officiel est partiel",
            "the layer is not run: the official verdict is partial",
        ),
        Text(
            "enregistrer un kit complet, avec ce Schematron",
            "register a complete kit, with that Schematron",
        ),
    ),
    Kind(
        "KIT-004",
        "note",
        Text("volet dont on ne sait pas quel modèle il juge", "volet whose template is unknown"),
        Text(
            "aucun document n'est jugé par lui, sauf s'il le nomme",
            "no document is judged by it, unless it names it",
        ),
        Text(
            "le volet devrait tester le templateId du document",
            "the volet should test the templateId of the document",
        ),
    ),
    Kind(
        "KIT-010",
        "blocks",
        Text("fichier inclus absent", "included file not there"),
        Text("les Schematrons touchés ne se compilent pas", "the Schematrons it touches do not compile"),
        _GIVEN_BACK,
    ),
    Kind(
        "KIT-011",
        "note",
        Text(
            "le nom inclus diffère du disque par la casse", "included name differs from the disk by its case"
        ),
        Text(
            "sur un disque qui distingue la casse, un moteur ordinaire ne compile pas le Schematron",
            "on a disk that tells case apart, an ordinary engine does not compile the Schematron",
        ),
        _RENAME,
    ),
    Kind(
        "KIT-012",
        "blocks",
        Text("morceau de Schematron illisible", "part of a Schematron that can't be read"),
        Text("les Schematrons touchés ne se compilent pas", "the Schematrons it touches do not compile"),
        _GIVEN_BACK,
    ),
    Kind(
        "KIT-013",
        "blocks",
        Text("motif ou règle abstraite absente", "abstract pattern or rule not there"),
        Text("les Schematrons touchés ne se compilent pas", "the Schematrons it touches do not compile"),
        Text("inclure le fichier qui la définit", "include the file that defines it"),
    ),
    Kind(
        "KIT-014",
        "silences",
        Text(
            "la phase active un motif qui n'existe pas", "the phase activates a pattern that does not exist"
        ),
        Text("ce que ce motif devait vérifier ne l'est pas", "what that pattern was to check is not checked"),
        Text("corriger le nom ou inclure le motif", "mend the name or include the pattern"),
    ),
    Kind(
        "KIT-015",
        "silences",
        Text("motif inclus que la phase n'active pas", "included pattern that the phase does not activate"),
        Text("ses règles ne sont jamais jouées", "its rules are never run"),
        Text("l'ajouter à la phase par défaut, ou le retirer", "add it to the default phase, or remove it"),
    ),
    Kind(
        "KIT-016",
        "note",
        Text("fichier illisible que rien n'inclut", "unreadable file that nothing includes"),
        Text("sans effet tant que rien ne l'inclut", "no effect as long as nothing includes it"),
        _REPORT,
    ),
    Kind(
        "KIT-020",
        "silences",
        Text("fichier de jeu de valeurs absent", "value-set file not there"),
        Text(
            "un code soumis à ce jeu ne peut pas être vérifié : ERREUR pour les documents qui en portent un, "
            "et arrêt complet chez d'autres moteurs",
            "a code bound to this set can't be checked: ERROR for documents that carry one, "
            "and a complete stop in other engines",
        ),
        Text("ajouter le fichier, ou corriger le chemin", "add the file, or mend the path"),
    ),
    Kind(
        "KIT-021",
        "note",
        Text("copie d'en-tête absente, refaite", "header copy not there, made again"),
        Text(
            "nous la refaisons depuis le jeu de même OID ; les autres moteurs s'arrêtent, parfois sans erreur",
            "we make it again from the set of the same OID; other engines stop, some of them with no error",
        ),
        Text("ajouter le fichier au dossier include", "add the file to the include folder"),
    ),
    Kind(
        "KIT-022",
        "silences",
        Text("jeu de valeurs illisible ou sans concept", "value set unreadable or without concept"),
        Text(
            "aucun code n'y figure : tout code qui lui est soumis est refusé ou n'est pas vérifié",
            "no code is in it: any code bound to it is refused or not checked",
        ),
        _GIVEN_BACK,
    ),
    Kind(
        "KIT-023",
        "note",
        Text(
            "le nom du jeu de valeurs diffère du disque par la casse",
            "name of a value set differs from the disk by its case",
        ),
        Text(
            "sur un disque qui distingue la casse, un moteur ordinaire s'arrête quand un code lui est soumis",
            "on a disk that tells case apart, an ordinary engine stops when a code is bound to it",
        ),
        _RENAME,
    ),
    Kind(
        "KIT-024",
        "note",
        Text(
            "la copie d'en-tête n'a pas les codes du jeu de même OID",
            "the header copy does not have the codes of the set of the same OID",
        ),
        Text(
            "l'en-tête et le corps n'acceptent pas les mêmes codes",
            "header and body do not accept the same codes",
        ),
        Text("refaire la copie", "make the copy again"),
    ),
    Kind(
        "KIT-025",
        "note",
        Text(
            "fichier de jeu de valeurs absent, que rien ne lit",
            "value-set file not there, that nothing reads",
        ),
        Text("aucun : la variable n'est pas utilisée", "none: the variable is not used"),
        Text("ajouter le fichier, ou retirer la variable", "add the file, or remove the variable"),
    ),
    Kind(
        "KIT-030",
        "blocks",
        Text("Schematron qui ne se compile pas", "Schematron that does not compile"),
        Text("sa couche est en ERREUR, jamais « 0 erreur »", "its layer is ERROR, never “0 errors”"),
        _GIVEN_BACK,
    ),
    Kind(
        "KIT-031",
        "blocks",
        Text("expression qu'aucun moteur ne peut lire", "expression that no engine can read"),
        Text("l'assertion ou la règle n'est pas jouée", "the assert or the rule is not run"),
        _REPORT,
    ),
    Kind(
        "KIT-032",
        "note",
        Text("expression confiée à Saxon", "expression handed to Saxon"),
        Text(
            "notre moteur ne la joue pas : non jouée si Saxon n'est pas installé",
            "our engine does not run it: not run where Saxon is not installed",
        ),
        Text("installer l'extra « saxon »", "install the extra “saxon”"),
    ),
    Kind(
        "KIT-040",
        "silences",
        Text("assertion qui ne peut jamais échouer", "assert that can never fail"),
        Text("ce qu'elle annonce n'est jamais vérifié", "what it announces is never checked"),
        Text(
            "mettre la condition entre crochets : count(x[a = b]), et non count(x/a = b)",
            "put the condition between brackets: count(x[a = b]), not count(x/a = b)",
        ),
    ),
    Kind(
        "KIT-041",
        "silences",
        Text("partie d'assertion qui ne décide de rien", "part of an assert that decides nothing"),
        Text("le compte annoncé n'est pas vérifié", "the count it announces is not checked"),
        Text(
            "mettre la condition entre crochets : count(x[a = b])",
            "put the condition between brackets: count(x[a = b])",
        ),
    ),
    Kind(
        "KIT-042",
        "silences",
        Text("assertion qui échoue toujours", "assert that always fails"),
        Text("tout document qu'elle regarde est refusé", "every document it looks at is refused"),
        _REPORT,
    ),
    Kind(
        "KIT-043",
        "silences",
        Text("règle cachée par une autre", "rule hidden by another"),
        Text(
            "une règle d'avant prend toujours le nœud : celle-ci n'est jamais jouée",
            "an earlier rule always takes the node: this one is never run",
        ),
        Text("mettre la plus précise d'abord", "put the most precise first"),
    ),
    Kind(
        "KIT-050",
        "silences",
        Text("terminologie sans son fichier", "terminology without its file"),
        Text(
            "ses codes sont acceptés sans être vérifiés (le contrôle saute une terminologie absente)",
            "its codes are accepted unchecked (the control skips a terminology that is not there)",
        ),
        Text(
            "ajouter le fichier OID.rdf dans le dossier des terminologies",
            "add the file OID.rdf to the folder of terminologies",
        ),
    ),
    Kind(
        "KIT-060",
        "note",
        Text("fichier vide", "empty file"),
        Text("sans effet tant que rien ne le lit", "no effect as long as nothing reads it"),
        _GIVEN_BACK,
    ),
    Kind(
        "KIT-061",
        "note",
        Text("deux fichiers de même contenu", "two files of the same content"),
        Text(
            "l'un des deux est de trop, ou n'a pas le bon contenu",
            "one is superfluous, or has the wrong content",
        ),
        _REPORT,
    ),
    Kind(
        "KIT-062",
        "note",
        Text("deux jeux de valeurs de même OID", "two value sets of the same OID"),
        Text(
            "le verdict dépend du fichier que la règle nomme",
            "the verdict depends on the file the rule names",
        ),
        _REPORT,
    ),
    Kind(
        "KIT-063",
        "note",
        Text("deux volets pour le même modèle", "two volets for the same template"),
        Text("le premier par le nom est joué", "the first by name is run"),
        _REPORT,
    ),
    Kind(
        "KIT-064",
        "note",
        Text("le même motif est défini plusieurs fois", "the same pattern is defined several times"),
        Text("ses échecs peuvent être comptés plusieurs fois", "its failures may be counted several times"),
        Text("ne l'inclure qu'une fois", "include it once"),
    ),
    Kind(
        "KIT-065",
        "note",
        Text("deux chemins qui ne diffèrent que par la casse", "two paths that differ by case only"),
        Text(
            "sur un disque qui ne distingue pas la casse, l'un remplace l'autre",
            "on a disk that does not tell case apart, one replaces the other",
        ),
        Text("en renommer un", "rename one"),
    ),
)

KINDS: Final[Mapping[str, Kind]] = {kind.code: kind for kind in _ALL}
