"""HubSpot's exports of contacts and of property history: titles by its pages and by its API."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from features.imports.crm import ANY_VALUE, Crm
from features.imports.json_lines import records_in

_WORKED, _CAUSED, _TOLD = "sales sets it", "sales causes it", "it tells the outcome"
_LATER, _COMPUTED = "as of the export: it goes on changing", "it is computed from what the lead did by the export"

HUBSPOT = Crm(
    name="hubspot",
    label="HubSpot",
    id="Record ID",
    created_at="Create Date",
    converted_at="Became a Customer Date",
    marks=("Record ID", "Create Date"),
    hints=("Lifecycle Stage", "Lead Status", "Became a Lead Date", "Became a Customer Date", "Original Source"),
    outcome=(("Became a Customer Date", ANY_VALUE), ("Lifecycle Stage", "customer")),
    traits={
        "job_title": "Job Title",
        "industry": "Industry",
        "employees": "Number of Employees",
        "country": "Country",
        "source": "Original Source",
    },
    aliases={
        "hsobjectid": "recordid", "contactid": "recordid", "vid": "recordid", "id": "recordid",
        "numemployees": "numberofemployees", "hsleadstatus": "leadstatus", "countryregion": "country",
        "stateregion": "state", "companyname": "company", "hubspotowner": "contactowner",
        "hubspotownerid": "contactowner", "hsanalyticssource": "originalsource",
        "originaltrafficsource": "originalsource", "hsanalyticssourcedata1": "originalsourcedrilldown1",
        "hsanalyticssourcedata2": "originalsourcedrilldown2", "lastmodifieddate": "lastmodified",
        "hslifecyclestagesubscriberdate": "becameasubscriberdate", "hslifecyclestageleaddate": "becamealeaddate",
        "hslifecyclestagemarketingqualifiedleaddate": "becameamarketingqualifiedleaddate",
        "hslifecyclestagesalesqualifiedleaddate": "becameasalesqualifiedleaddate",
        "hslifecyclestageopportunitydate": "becameanopportunitydate",
        "hslifecyclestagecustomerdate": "becameacustomerdate",
        "hslifecyclestageevangelistdate": "becameanevangelistdate",
        "notestimescontacted": "numberoftimescontacted", "numcontactednotes": "numberoftimescontacted",
        "noteslastcontacted": "lastcontacted", "numnotes": "numberofsalesactivities",
        "notesnextactivitydate": "nextactivitydate", "numassociateddeals": "numberofassociateddeals",
        "hsemailoptout": "unsubscribedfromallemail", "hubspotownerassigneddate": "ownerassigneddate",
    },
    known_after_contact={
        "Lifecycle Stage": _WORKED, "Lead Status": _WORKED, "Contact owner": "sales assigns it",
        "Owner Assigned Date": "sales assigns it", "HubSpot Team": "sales assigns it", "Contact Priority": _COMPUTED,
        "HubSpot Score": _COMPUTED, "Likelihood to close": _COMPUTED, "Became a Subscriber Date": _TOLD,
        "Became a Lead Date": _TOLD, "Became a Marketing Qualified Lead Date": _TOLD,
        "Became a Sales Qualified Lead Date": _TOLD, "Became an Opportunity Date": _TOLD,
        "Became a Customer Date": _TOLD, "Became an Evangelist Date": _TOLD, "Became an Other Lifecycle Date": _TOLD,
        "Number of Associated Deals": _TOLD, "Associated Deals": _TOLD, "Associated Deal IDs": _TOLD,
        "Recent Deal Amount": _TOLD, "Recent Deal Close Date": _TOLD, "First Deal Created Date": _TOLD,
        "Total Revenue": _TOLD, "Close Date": _TOLD, "Days To Close": _TOLD, "Number of times contacted": _CAUSED,
        "Number of Sales Activities": _CAUSED, "Last Contacted": _CAUSED, "Last Activity Date": _LATER,
        "Next Activity Date": "sales plans it", "Date of first engagement": _CAUSED, "Lead response time": _CAUSED,
        "Time to First Touch": _CAUSED, "First Outreach Date": _CAUSED, "Last Modified": _LATER,
        "Unsubscribed from all email": _LATER, "Currently in Sequence": _CAUSED,
        "Recent Sales Email Opened Date": _CAUSED, "Recent Sales Email Replied Date": _CAUSED,
    },
    history={
        "lead": ("Record ID", "Object ID", "hs_object_id", "contact_id", "vid"),
        "field": ("Property Name", "Property", "Property internal name", "name"),
        "new": ("Property Value", "Value", "New value"),
        "at": ("Timestamp", "Change date", "Date of change", "changed_at", "updated_at"),
    },
    won=("Lifecycle Stage", "customer"),
    status="Lead Status",
    modified_at="Last Modified",
)  # fmt: skip


def recorded_changes(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """One row per change in the `propertiesWithHistory` of the API's records: lead, field, at, new; some at a time."""
    changes = (
        (str(record["id"]), name, change.get("timestamp"), change.get("value"))
        for record in records_in(path)
        for name, values in (record.get("propertiesWithHistory") or {}).items()
        for change in values
    )
    while chunk := list(islice(changes, rows)):
        yield pd.DataFrame(chunk, columns=["lead", "field", "at", "new"], dtype=object)
