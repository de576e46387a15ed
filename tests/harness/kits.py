"""A small kit of our own in the layout of the official one, and documents for it: tests break what they need."""

from __future__ import annotations

from pathlib import Path

from harness.packs.layout import facts

SCHEMATRONS = "schematrons"
HEADER = "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch"
COPY = "schematrons/profils/structurationMinimale/include/voc-1.2.3.471-DYNAMIC.xml"
IHE = "schematrons/profils/IHE.sch"
MODELS = "schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch"
FRENCH = "schematrons/profils/CI-SIS_Modeles_ANS.sch"
TERMS = "schematrons/profils/terminologies/schematron/terminologie.sch"
VOLET = "schematrons/CI-SIS_ESSAI_2024.01.sch"
OLDER = "schematrons/CI-SIS_ESSAI_2023.01.sch"
SECTION = "schematrons/include/sections/S_essai.sch"
IN_SET = "schematrons/abstract/dansUnJeu.sch"
COLOURS = "jeuxDeValeurs/JDV_Couleurs.xml"
TYPES = "jeuxDeValeurs/JDV_Types.xml"
TEMPLATE = "1.2.250.1.213.1.1.1.999"

_SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3">
<xs:element name="ClinicalDocument"><xs:complexType><xs:sequence>
<xs:any processContents="skip" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>"""
_HEADER = """<pattern id="entete">
<rule context="//cda:ClinicalDocument[cda:typeId[@root='2.16.840.1.113883.1.3'][@extension='POCD_HD000040']]">
<assert test="cda:title" role="error">un titre est attendu</assert>
<assert test="cda:languageCode" role="warning">une langue est souhaitée</assert>
<assert test="cda:code/@code = doc('include/voc-1.2.3.471-DYNAMIC.xml')//valueSet[1]/conceptList/concept/@code">
type inconnu</assert></rule></pattern>"""
_IHE = """<include href="../include/sections/S_essai.sch"/>
<phase id="tout"><active pattern="section"/></phase>"""
_MODELS = """<include href="../abstract/dansUnJeu.sch"/>
<phase id="tout"><active pattern="variables"/><active pattern="couleur"/></phase>
<pattern id="couleur" is-a="dansUnJeu"><param name="chemin" value="$couleurs"/>
<param name="noeud" value="//cda:observation/cda:value"/></pattern>
<pattern id="variables"><let name="couleurs" value="'../../jeuxDeValeurs/JDV_Couleurs.xml'"/></pattern>"""
_FRENCH = """<pattern id="francais"><rule context="cda:realmCode"><assert test="@code='FR'">
royaume</assert></rule></pattern>"""
_TERMS = """<pattern id="termes"><rule context="cda:observation/cda:value"><assert test="@codeSystem">
terminologie attendue</assert></rule></pattern>"""
_VOLET = """<pattern id="volet"><rule context="cda:ClinicalDocument[cda:templateId[@root='1.2.250.1.213.1.1.1.999']]">
<assert test=".//cda:section">une section est attendue</assert></rule></pattern>"""
_SECTION = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="section"><rule context="cda:section">
<assert test="cda:title">une section a un titre</assert></rule></pattern>"""
_IN_SET = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="dansUnJeu" abstract="true">
<rule context="$noeud"><let name="valeur" value="@code"/>
<assert test="document($chemin)//svs:Concept[@code=$valeur]">hors du jeu</assert></rule></pattern>"""


def schematron(body: str, phase: str = "") -> str:
    """A whole Schematron around patterns."""
    default = f' defaultPhase="{phase}"' if phase else ""
    return (
        f'<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"{default}><title>essai</title>'
        '<ns prefix="cda" uri="urn:hl7-org:v3"/><ns prefix="svs" uri="urn:ihe:iti:svs:2008"/>'
        f'<ns prefix="xsi" uri="http://www.w3.org/2001/XMLSchema-instance"/>{body}</schema>'
    )


def value_set(oid: str, *codes: str) -> str:
    """A value set as the kit publishes them."""
    concepts = "".join(f'<Concept code="{code}" codeSystem="1.2.3" displayName="{code}"/>' for code in codes)
    return (
        f'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="{oid}" displayName="essai" '
        f'dateMaj="20240101000000"><ConceptList>{concepts}</ConceptList></ValueSet></RetrieveValueSetResponse>'
    )


def header_copy(oid: str, *codes: str) -> str:
    concepts = "".join(f'<concept code="{code}" codeSystem="1.2.3" displayName="{code}"/>' for code in codes)
    return (
        f'<valueSets xmlns="urn:hl7-org:v3"><valueSet xmlns="" id="{oid}" name="essai"><conceptList>{concepts}'
        "</conceptList></valueSet></valueSets>"
    )


def kit(folder: Path) -> Path:
    """A sound kit in `folder`: everything there, everything compiles, nothing is silent."""
    files = {
        "infrastructure/cda/CDA_extended.xsd": _SCHEMA,
        HEADER: schematron(_HEADER),
        COPY: header_copy("1.2.3.471", "TYPE-A", "TYPE-B"),
        IHE: schematron(_IHE, "tout"),
        MODELS: schematron(_MODELS, "tout"),
        FRENCH: schematron(_FRENCH),
        TERMS: schematron(_TERMS),
        VOLET: schematron(_VOLET),
        OLDER: schematron(_VOLET),
        SECTION: _SECTION,
        IN_SET: _IN_SET,
        COLOURS: value_set("1.2.3.4", "ROUGE", "VERT"),
        TYPES: value_set("1.2.3.471", "TYPE-A", "TYPE-B"),
    }
    terminologies = "schematrons/profils/terminologies/terminologie/"
    for oid in facts().terminologies:
        files[f"{terminologies}{oid}.rdf"] = f"<rdf oid='{oid}'/>"
    for name, content in files.items():
        write(folder, name, content)
    return folder


def write(folder: Path, name: str, content: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def document(
    *,
    templates: tuple[str, ...] = (f"{TEMPLATE}:2024.01",),
    title: str = "<title>essai</title>",
    language: str = '<languageCode code="fr-FR"/>',
    type_id: str = '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>',
    code: str = "TYPE-A",
    body: str = "",
    before: str = "",
) -> bytes:
    """A document that the sound kit accepts, but for what is asked. `templates`: root[:extension]."""
    listed = ""
    for one in templates:
        root, _, extension = one.partition(":")
        listed += f'<templateId root="{root}"' + (f' extension="{extension}"' if extension else "") + "/>"
    inner = body or (
        '<component><structuredBody><component><section><title>s</title><entry><observation><value code="ROUGE" '
        'codeSystem="1.2.3"/></observation></entry></section></component></structuredBody></component>'
    )
    return (
        f'{before}<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>{type_id}{listed}\n'
        f'<code code="{code}" codeSystem="1.2.3"/>{title}\n{language}{inner}</ClinicalDocument>'
    ).encode()
