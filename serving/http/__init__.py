"""HTTP: keys and who may do what, bodies, idempotency, problems, metrics.

auth.py         Who may do what: API keys with scopes, write keys, Segment's signatures, and callers on this very
                machine.
bodies.py       Request bodies: read within limits of bytes, seconds and depth, and the JSON in them.
idempotency.py  `Idempotency-Key`: a request that is sent twice is done once, and answered the same for a day.
keys.py         API keys: made, listed, revoked and checked; 256 random bits shown once, stored as SHA-256, each with
                its scopes.
metrics.py      Prometheus: counts and times of requests by route, never by lead, under BentoML's names.
problems.py     JSON answers of the API, its errors as RFC 9457 problem details, request ids, and the last resort.

Other rooms use:

auth            Credentials, LIVE, MAY_ERASE_LEAD, MAY_EXPORT_LEAD, MAY_GIVE_FEEDBACK, MAY_READ_HANDOVERS,
                MAY_READ_SCORES, MAY_READ_TIMELINE, MAY_REPLAY_FAILED_EVENTS, admit, admit_writer, event_source,
                header_key, is_loopback, is_signed, why_outside
bodies          BOM, body, broken_json, invalid_body, json_value, pointer_step
idempotency     Idempotency
keys            Key, KeyRing, Keys
metrics         RequestMetrics, metrics_page
problems        Boundary, FieldError, HEADERS, MEDIA_TYPE, Problem, REQUEST_ID, json_response, unavailable
"""
