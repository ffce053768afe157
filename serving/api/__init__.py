"""The API: its routes, what may be asked, the schemas of other answers, its OpenAPI document.

agreement.py         The route of the agreement: GET /v1/agreement, as JSON for programs and as a page for a browser.
app.py               The public API as one ASGI application: its routes, its error handlers, and the endpoints of
                     scores and models.
bentoml_routes.py    Guards BentoML's own routes: checks key and body first, since BentoML knows neither our keys nor
                     our limits.
decision_schemas.py  The answers of the routes of decisions, field by field.
decisions.py         The routes of decisions: queues, lists of leads, each change of a lead's decision, and why its
                     score changed.
failed_events.py     The routes of failed events: GET /v1/failed-events lists them, POST /v1/failed-events/replay
                     tries them again.
handover_schemas.py  Handovers and feedback as the API takes and answers them, field by field.
handovers.py         The routes of handovers and feedback: lists, one, what people say of them, and who has them.
hole.py              The route of the hole: GET /v1/hole, as JSON for programs and as a page for a browser.
leads.py             The routes of one lead: its timeline, its export, its erasure.
nurture.py           The route of what is next for a lead that is not ready: for the server that renders a form, or
                     sends a mail.
openapi.py           The OpenAPI 3.1 document of the /v1 routes.
other_tools.py       The addresses that trackers of other tools send to: each answers with the tool's name and where
                     to read on.
requests.py          What may be asked: the bodies of scoring requests, the readers of lead_id and limit, and the 422
                     for all else.
routes.py            A route of the API: with or without a slash at its end, and with no other query parameters than
                     those it knows.
schemas.py           Every answer of the API, field by field: the OpenAPI document shows it, and tests hold real
                     answers to it.
tracking.py          The tracking routes: Segment's and RudderStack's HTTP API, their batches, and the events that
                     they forward.

Other rooms use:

agreement            agreement_document
app                  application
bentoml_routes       BentoRoutes
failed_events        failed_event_json, failed_events_page
requests             requested_leads
"""
