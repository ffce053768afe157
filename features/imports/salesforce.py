"""Salesforce's exports of Lead and LeadHistory: titles by its API, its data loader and its reports, and its ids."""

from __future__ import annotations

from features.imports.crm import ANY_VALUE, Crm

_WORKED, _TOLD, _LATER = "sales sets it", "it tells the outcome", "as of the export: it goes on changing"
_CHECK_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def full_id(text: str) -> str:
    """An id with its three check characters: reports write 15 characters, the API writes 18."""
    if len(text) != 15 or not text.isalnum() or not text.isascii():
        return text
    parts = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(_CHECK_DIGITS[sum(sign.isupper() << place for place, sign in enumerate(p))] for p in parts)


SALESFORCE = Crm(
    name="salesforce",
    label="Salesforce",
    id="Id",
    created_at="CreatedDate",
    converted_at="ConvertedDate",
    marks=("Id", "CreatedDate", "IsConverted"),
    hints=("Status", "LeadSource", "Company", "ConvertedDate", "Email"),
    outcome=(("IsConverted", "true"), ("ConvertedDate", ANY_VALUE)),
    traits={
        "job_title": "Title",
        "industry": "Industry",
        "employees": "NumberOfEmployees",
        "country": "Country",
        "source": "LeadSource",
    },
    aliases={
        "leadid": "id", "createdate": "createddate", "converted": "isconverted", "leadstatus": "status",
        "noofemployees": "numberofemployees", "employees": "numberofemployees", "jobtitle": "title",
        "companyaccount": "company", "lastmodified": "lastmodifieddate", "deleted": "isdeleted",
    },
    known_after_contact={
        "Status": _WORKED, "Rating": _WORKED, "OwnerId": "sales assigns it", "IsUnreadByOwner": _WORKED,
        "LastTransferDate": "sales assigns it", "FirstCallDateTime": "sales causes it",
        "FirstEmailDateTime": "sales causes it", "ActionCadenceId": "sales plans it",
        "ActionCadenceAssigneeId": "sales plans it", "ActionCadenceState": "sales plans it",
        "ActivityMetricId": "sales causes it", "ActivityMetricRollupId": "sales causes it",
        "DoNotCall": _WORKED, "HasOptedOutOfEmail": _LATER, "HasOptedOutOfFax": _LATER,
        "IsConverted": _TOLD, "ConvertedDate": _TOLD, "ConvertedAccountId": _TOLD, "ConvertedContactId": _TOLD,
        "ConvertedOpportunityId": _TOLD, "IsDeleted": _LATER, "MasterRecordId": _LATER, "LastModifiedById": _LATER,
        "LastModifiedDate": _LATER, "SystemModstamp": _LATER, "LastActivityDate": _LATER, "LastViewedDate": _LATER,
        "LastReferencedDate": _LATER, "EmailBouncedReason": _LATER, "EmailBouncedDate": _LATER,
        "CleanStatus": _LATER, "Jigsaw": _LATER, "JigsawContactId": _LATER, "ScoreIntelligenceId": _LATER,
        "Description": "sales writes it",
    },
    history={
        "lead": ("LeadId",), "field": ("Field", "Field / Event"), "old": ("OldValue",), "new": ("NewValue",),
        "at": ("CreatedDate", "Edit Date"),
    },
    won=("leadConverted", None),
    status="Status",
    contact_id="ConvertedContactId",
    merged_into="MasterRecordId",
    modified_at="LastModifiedDate",
    lead_id=full_id,
)  # fmt: skip
