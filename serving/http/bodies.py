"""Request bodies: read within limits of bytes, seconds and depth, and the JSON in them."""

from __future__ import annotations

import asyncio
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from anyio import to_thread
from starlette.requests import Request

from serving import limits
from serving.http.problems import FieldError, Problem

BOM = b"\xef\xbb\xbf"


async def body(request: Request) -> bytes:
    """The body as sent, inflated when it says gzip, never more than the limits.

    Raises Problem: 408 too slow, 413 too large, 415 another encoding, 400 broken gzip.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise Problem(415, "unsupported_encoding", f"Content-Encoding {encoding!r} is not read; send gzip or none.")
    is_gzip = encoding == "gzip"
    limit = limits.COMPRESSED_BYTES if is_gzip else limits.INFLATED_BYTES
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:  # refused before it is sent
        raise _too_large(limit, is_gzip)
    try:
        async with asyncio.timeout(limits.BODY_SECONDS):
            sent = await _sent_bytes(request, limit, is_gzip)
    except TimeoutError:
        too_slow = f"The body did not arrive within {limits.BODY_SECONDS} s; send it again."
        raise Problem(408, "body_too_slow", too_slow) from None
    # Whoever sends it may be a stranger still, for some keys stand in the body: the event loop does not wait for it.
    return await to_thread.run_sync(inflated, sent) if is_gzip else sent


async def _sent_bytes(request: Request, limit: int, is_gzip: bool) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:  # a chunked body names no length beforehand
            raise _too_large(limit, is_gzip)
        chunks.append(chunk)
    return b"".join(chunks)


def inflated(sent: bytes) -> bytes:
    """What a gzip body holds; its work is bounded by its bytes, whatever they are.

    Raises Problem: 400 broken or of too many members, 413 too large.
    """
    plain, members = bytearray(), 0
    while sent:  # a gzip file may have several members
        if (members := members + 1) > limits.GZIP_MEMBERS:
            many = f"The gzip body has over {limits.GZIP_MEMBERS} members; compress it as one."
            raise Problem(400, "too_many_members", many)
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            plain += member.decompress(sent, limits.INFLATED_BYTES + 1 - len(plain))
        except zlib.error as error:
            raise Problem(400, "broken_gzip", f"The body is no gzip: {error}.") from None
        if len(plain) > limits.INFLATED_BYTES:
            raise _too_large(limits.INFLATED_BYTES, False)
        if not member.eof:
            raise Problem(400, "broken_gzip", "The gzip body ends too early.")
        sent = member.unused_data
    return bytes(plain)


def _too_large(limit: int, is_gzip: bool) -> Problem:
    kind = "compressed body" if is_gzip else "body"
    return Problem(413, "body_too_large", f"The {kind} is over {limit:,} bytes; send less at a time.")


def json_value(raw: bytes) -> Any:
    """The JSON value of a body in UTF-8, a byte-order mark allowed.

    Raises Problem: 400 where it is no JSON, 422 where it holds NaN or Infinity or nests too deep.
    """
    text = raw.removeprefix(BOM)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _not_json(text, error) from None
    # With fewer of them it cannot be deeper, and the walk costs more than this.
    if text.count(b"{") + text.count(b"[") > limits.JSON_DEPTH:
        _refuse([_too_deep(pointer) for pointer, leaf in _leaves(value) if isinstance(leaf, dict | list)])
    return value


def _refuse_what_json_lacks(value: Any) -> None:
    """Raise Problem 422 where a value that another parser read holds NaN or Infinity, or nests too deep."""
    errors = []
    for pointer, leaf in _leaves(value):
        if isinstance(leaf, dict | list):
            errors.append(_too_deep(pointer))
        elif isinstance(leaf, float) and not math.isfinite(leaf):
            errors.append(FieldError(pointer, "not_a_number", f"{_spelled(leaf)} is no JSON number; leave it out"))
    _refuse(errors)


def _not_json(text: bytes, error: orjson.JSONDecodeError) -> Problem:
    # Python clients write NaN and Infinity for missing numbers: that is a value to mend, not broken JSON.
    try:
        _refuse_what_json_lacks(json.loads(text))
    except Problem as problem:
        return problem
    except (ValueError, RecursionError):
        pass
    return broken_json(text, error)


def broken_json(text: bytes, error: orjson.JSONDecodeError) -> Problem:
    """The 400 for a body that is no JSON; it says where, and repeats nothing of the body."""
    if not text:
        return Problem(400, "broken_json", "The body is empty; send a JSON object.")
    where = f"line {error.lineno}, column {error.colno}"
    return Problem(400, "broken_json", f"The body is not JSON in UTF-8: {error.msg} ({where}).")


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise invalid_body(errors[0].code, errors, len(errors))


def invalid_body(code: str, errors: Sequence[FieldError], count: int) -> Problem:
    """The 422 for a body with `count` errors; its message names the first."""
    first = errors[0]
    more = f" ({count - 1} more in errors)" if count > 1 else ""
    message = f"{first.pointer or 'The body'}: {first.detail}{more}"
    return Problem(422, code, message, errors=errors[: limits.ERRORS_SHOWN])


def _spelled(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _too_deep(pointer: str) -> FieldError:
    return FieldError(pointer, "too_deep", f"nested over {limits.JSON_DEPTH} levels deep")


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """(pointer, value) of each value that holds no other, and of each object or array that is one too deep."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        pointer, outer, depth = waiting.pop()
        if depth == limits.JSON_DEPTH or not isinstance(outer, dict | list):
            yield pointer, outer
            continue
        inside = list(outer.items() if isinstance(outer, dict) else enumerate(outer))
        waiting.extend((f"{pointer}/{pointer_step(key)}", inner, depth + 1) for key, inner in reversed(inside))


def pointer_step(key: object) -> str:
    """One step of a JSON pointer (RFC 6901), cut to 100 characters: its sender chooses how long it is."""
    return str(key)[:100].replace("~", "~0").replace("/", "~1")
