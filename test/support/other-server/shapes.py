"""The shapes of the client's frames: PROTOCOL.md refuses unknown keys, wrong types and deep nesting."""

import json
import re
import unicodedata

from faults import fault

MAX_BYTES = 65536


class BadFrame(Exception):
    def __init__(self, why, request_id=None):
        super().__init__(why)
        self.request_id = request_id


def depth_of(text):
    depth = deepest = 0
    for char in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def parse(text):
    if depth_of(text) > 8:
        raise BadFrame("nested deeper than 8")
    try:
        return json.loads(text)
    except ValueError:
        raise BadFrame("not JSON") from None


def is_text(value):
    return isinstance(value, str) and not any(0xD800 <= ord(char) <= 0xDFFF for char in value)


def is_id(value):
    if not is_text(value) or value == "":
        return False
    most = 10**6 if fault("long-ids") else 128
    return len(value.encode()) <= most and not any(char == "\ufeff" or unicodedata.category(char) == "Cc" for char in value)


def is_conversation(value):
    return isinstance(value, str) and value.split(":")[0] in ("direct", "group") and ":" in value and is_id(value[value.index(":") + 1 :])


def is_int(least, most=2**53 - 1):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_bool(value):
    return isinstance(value, bool)


def is_cursor(value):
    return isinstance(value, str) and 1 <= len(value) <= 128


def is_cursor_or_null(value):
    return value is None or is_cursor(value)


def is_ranges(value):
    last = -1
    if not isinstance(value, list):
        return False
    for one in value:
        if not (isinstance(one, list) and len(one) == 2 and all(map(is_int(1), one)) and one[0] <= one[1] and one[0] > last + 1):
            return False
        last = one[1]
    return True


def is_list(of, least, most):
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(of, value))


def shape(required, optional=None):
    optional = optional or {}

    def fits(value):
        if not isinstance(value, dict) or not required.keys() <= value.keys():
            return False
        if not fault("ignores-unknown-keys") and not value.keys() <= required.keys() | optional.keys():
            return False
        return all((required.get(key) or optional.get(key) or (lambda _: True))(one) for key, one in value.items())

    return fits


is_request_id = is_int(1)
is_token = lambda value: isinstance(value, str) and 1 <= len(value) <= 8192
is_true = lambda value: value is True

is_want_shape = shape({"conversationId": is_conversation, "seqs": is_ranges, "limit": is_int(1)}, {"messageId": is_id})


def is_want(value):
    return is_want_shape(value) and len(value["seqs"]) <= 64 and (len(value["seqs"]) > 0 or "messageId" in value)


TYPE = {"type": is_text}
FRAMES = {
    "hello": shape({**TYPE, "version": is_int(0), "token": is_token, "userId": is_id, "deviceId": is_id}),
    "auth": shape({**TYPE, "token": is_token}),
    "ping": shape(TYPE),
    "pull": shape(
        {**TYPE, "cursor": is_cursor_or_null},
        {"confirmedAt": is_cursor, "snapshot": is_true, "live": is_true, "waitMs": is_int(0, 25000)},
    ),
    "submit": shape({**TYPE, "id": is_request_id, "entries": is_list(lambda _: True, 1, 100)}, {"confirmedAt": is_cursor}),
    "fetch": shape({**TYPE, "id": is_request_id, "wants": is_list(is_want, 1, 200)}),
    "fetch-receipts": shape({**TYPE, "id": is_request_id, "messageIds": is_list(is_id, 1, 100)}),
}
ENTRY = {"kind": is_text, "key": is_id, "conversationId": is_conversation, "cursor": is_cursor_or_null}
ENTRIES = {
    "message": shape({**ENTRY, "id": is_id, "body": lambda value: is_text(value) and "\0" not in value, "receiptRequested": is_bool, "countable": is_bool}),
    "recall": shape({**ENTRY, "id": is_id}),
    "receipts": shape(
        ENTRY,
        {
            "position": is_int(1),
            "read": is_ranges,
            "delivered": is_ranges,
            "named": is_ranges,
            "namedIds": is_list(is_id, 1, 500),
            "settingsSeen": shape({"deliveryReceipts": is_int(0), "readReceipts": is_int(0)}),
        },
    ),
}


def is_entry(value):
    return isinstance(value, dict) and value.get("kind") in ENTRIES and ENTRIES[value["kind"]](value)


def check_frame(value):
    request_id = value.get("id") if isinstance(value, dict) and is_request_id(value.get("id")) else None
    if not isinstance(value, dict) or value.get("type") not in FRAMES or not FRAMES[value["type"]](value):
        raise BadFrame("malformed", request_id)
    if value["type"] == "submit" and not all(isinstance(one, dict) and is_id(one.get("key")) for one in value["entries"]):
        raise BadFrame("an entry without a key", request_id)
    return value
