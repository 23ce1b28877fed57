"""Reads the few bodies that kubectl insists on sending as protobuf: the access reviews.

kubectl's `auth can-i` speaks protobuf even where everything else is JSON. Only these messages are known here; any other
protobuf body is 415. Field numbers are from k8s.io/api/authorization/v1/generated.proto.
"""

from typing import Any

from bot.sim.cluster import statuses
from bot.sim.cluster.objects import Obj

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
# Four bytes before every message (serializer/protobuf/protobuf.go).
_MAGIC = b"k8s\x00"
# A message is fields by number: a name for text, or a name and the message inside.
_Message = dict[int, Any]

_RESOURCE: _Message = {
    1: "namespace",
    2: "verb",
    3: "group",
    4: "version",
    5: "resource",
    6: "subresource",
    7: "name",
}
_PATH: _Message = {1: "path", 2: "verb"}
_ATTRIBUTES: _Message = {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _PATH)}
_REVIEWS: dict[str, _Message] = {
    "SelfSubjectAccessReview": {2: ("spec", _ATTRIBUTES)},
    "SelfSubjectRulesReview": {2: ("spec", {1: "namespace"})},
    "SelfSubjectReview": {},
}
_TYPE: _Message = {1: "apiVersion", 2: "kind"}
_VARINT, _BYTES = 0, 2


def decode(raw: bytes) -> Obj:
    """The review as JSON. Raises 415 for anything else."""
    if not raw.startswith(_MAGIC):
        raise statuses.unsupported_media_type()
    try:
        envelope = dict(_fields(raw[len(_MAGIC) :]))
        about = _read(envelope[1], _TYPE)
        if about.get("kind") not in _REVIEWS:
            raise statuses.unsupported_media_type()
        return about | _read(envelope.get(2, b""), _REVIEWS[about["kind"]])
    except (IndexError, KeyError, UnicodeDecodeError):
        raise statuses.bad_request("the body is not a protobuf message") from None


def _read(raw: bytes, message: _Message) -> Obj:
    found: Obj = {}
    for number, value in _fields(raw):
        known = message.get(number)
        if isinstance(known, str):
            found[known] = value.decode()
        elif known is not None:
            name, inner = known
            found[name] = _read(value, inner)
    return found


def _fields(raw: bytes) -> list[tuple[int, bytes]]:
    """The length-delimited fields of a message; numbers are skipped, other wire types do not occur."""
    found: list[tuple[int, bytes]] = []
    place = 0
    while place < len(raw):
        key, place = _varint(raw, place)
        size, place = _varint(raw, place)
        if key & 7 == _BYTES:
            found.append((key >> 3, raw[place : place + size]))
            place += size
        elif key & 7 != _VARINT:
            raise IndexError(place)
    return found


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return value, place
