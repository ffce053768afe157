"""Other tools' webhooks and trackers, told by what they send: so that a refusal can name the tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

READ_ON = 'docs/events.md, "Events of other tools", says how its events come here'


class OtherTool(NamedTuple):
    """One tool, and fields that together are in what it sends and in nobody else's events."""

    name: str
    fields: frozenset[str]


# As each tool documents its own form; the first whose fields are all there.
OTHER_TOOLS = tuple(
    OtherTool(name, frozenset(fields.split()))
    for name, fields in (
        ("a HubSpot webhook", "subscriptionType portalId"),
        ("a HubSpot webhook", "subscriptionType objectId"),
        ("a Mailchimp webhook", "fired_at data[list_id]"),
        ("a Mailchimp webhook", "fired_at data"),
        ("a Mailchimp Transactional webhook", "mandrill_events"),
        ("a SendGrid event webhook", "sg_message_id"),
        ("a SendGrid event webhook", "sg_event_id"),
        ("a Customer.io reporting webhook", "metric object_type"),
        ("a Matomo tracking call", "idsite rec"),
        ("a Matomo tracking call", "requests"),
        ("a PostHog event", "distinct_id"),
        ("a PostHog event", "api_key batch"),
        ("a Snowplow event", "schema data"),
        ("a Google Analytics 4 event", "client_id events"),
        ("a Google Analytics 4 event", "app_instance_id events"),
        ("a CloudEvent", "specversion source"),
    )
)


def other_tool(sent: object) -> str | None:
    """The tool whose form this is, as "a HubSpot webhook"; None for anything that could be meant for us.

    >>> other_tool({"subscriptionType": "contact.propertyChange", "objectId": 1, "portalId": 2})
    'a HubSpot webhook'
    """
    if not isinstance(sent, Mapping):
        return None
    return next((tool.name for tool in OTHER_TOOLS if tool.fields <= sent.keys() and _is_sure(tool, sent)), None)


def _is_sure(tool: OtherTool, sent: Mapping[str, Any]) -> bool:
    # "schema" and "data" are words of many; Snowplow's and Iglu's schemas begin alike.
    return "schema" not in tool.fields or str(sent["schema"]).startswith("iglu:")


def foreign(tool: str) -> str:
    """The sentence of a refusal that names the tool."""
    return f"this is {tool}, which Leadlight does not read as it is; {READ_ON}"
