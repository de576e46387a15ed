"""The rules of a submission that a metadata update shares: form, attributes, codes, patient of the message.

A new version is a whole entry, so what holds of a submitted one holds of it (ITI TF supplement Metadata
Update); bytes, signature and replacement are left out, since there are none.
"""

from __future__ import annotations

from mock_dmp.acceptance.engine import Stage
from mock_dmp.acceptance.xds import attributes, coherence, structure, vocabulary
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing

UPDATE_MESSAGE: Stage[Filing] = Stage("xds-update-message")

_SHARED = frozenset(
    {
        structure.every_entry_is_a_member,
        structure.member_status,
        structure.member_has_no_documentation,
        structure.ids_unique,
        structure.unique_id_twice,
        structure.parts_name_their_parent,
        structure.slot_twice,
        structure.slot_name,
        structure.slot_values,
        structure.extra_metadata,
        coherence.same_patient,
        coherence.patient_of_vihf,
        coherence.production_identity,
        coherence.patient_known,
        coherence.vaccination_is_open,
        vocabulary.value_sets,
        vocabulary.class_of_type,
        vocabulary.confidentiality_starts_with_n,
        vocabulary.visibility_cumul,
        attributes.required,
        attributes.required_by_the_dmp,
        attributes.single_value,
        attributes.unique_id_is_an_oid,
        attributes.times,
        attributes.time_order,
        attributes.submission_not_ahead,
        attributes.patient_id_form,
        attributes.patient_info,
        attributes.author_form,
        attributes.hash_form,
        attributes.language,
        attributes.title_length,
        attributes.mime_type,
        attributes.code_form,
    }
)

UPDATE_MESSAGE.functions.extend(item for item in MESSAGE.functions if item[1] in _SHARED)
