"""What was read, as text like kubectl's: tables, yaml, json, names, columns. Pure. The data of Secrets never comes out.

Masking stands here and is done first, so that no form of output can go around it.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

import yaml

from bot.adapters.kubernetes import jsonpath
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at, name_of, namespace_of
from bot.adapters.kubernetes.resources import SECRETS, Resource
from bot.core.errors import Invalid

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds a copy of the whole object, for a Secret with its data."""

_GAP = 3
"""Spaces between columns, as kubectl prints them."""


def masked(found: Obj, resource: Resource) -> Obj:
    """Without managed fields; a Secret's values replaced by how many bytes they have."""
    metadata = {key: value for key, value in at(found, "metadata", {}).items() if key != "managedFields"}
    shown = {"apiVersion": _version(resource), "kind": resource.kind, **found, "metadata": metadata}
    if resource != SECRETS and found.get("kind") != SECRETS.kind:
        return shown
    notes = dict(metadata.get("annotations") or {})
    if _LAST_APPLIED in notes:
        shown["metadata"] = {**metadata, "annotations": {**notes, _LAST_APPLIED: "(not shown)"}}
    for part in ("data", "stringData"):
        if part in shown:
            shown[part] = {key: _size(str(value), part) for key, value in (shown[part] or {}).items()}
    return shown


def _version(resource: Resource) -> str:
    return f"{resource.group}/{resource.version}" if resource.group else resource.version


def _size(value: str, part: str) -> str:
    if part == "stringData":
        return f"({len(value.encode())} bytes)"
    try:
        return f"({len(base64.b64decode(value, validate=True))} bytes)"
    except (binascii.Error, ValueError):
        return f"({len(value)} bytes)"


def objects(found: Sequence[Obj], resource: Resource, output: str, *, is_one: bool) -> str:
    """`json`, `yaml`, `name`, `jsonpath=...` or `custom-columns=...` of objects. Invalid for anything else."""
    shown = [masked(one, resource) for one in found]
    whole: Obj = shown[0] if is_one and shown else {"apiVersion": "v1", "kind": "List", "items": shown}
    form, _, template = output.partition("=")
    match form:
        case "json":
            return json.dumps(whole, indent=4, ensure_ascii=False)
        case "yaml":
            return str(yaml.safe_dump(whole, sort_keys=True, allow_unicode=True)).rstrip("\n")
        case "name":
            return "\n".join(f"{resource.qualified}/{name_of(one)}" for one in shown)
        case "jsonpath":
            return jsonpath.render(template, whole)
        case "custom-columns":
            return _columns(template, shown)
        case _:
            raise Invalid(f"-o {output} is not supported", remedy="use wide, json, yaml, name or jsonpath=")


def _columns(template: str, found: Sequence[Obj]) -> str:
    pairs = [part.partition(":")[::2] for part in template.split(",")]
    rows = [[header for header, _ in pairs]]
    for one in found:
        values = [jsonpath.select(path.strip("{}"), one) for _, path in pairs]
        rows.append([",".join(str(value) for value in cell) or "<none>" for cell in values])
    return aligned(rows)


def table(found: Obj, *, is_wide: bool, with_namespace: bool, has_labels: bool, has_header: bool) -> str:
    """A server-side Table as kubectl prints it. Columns of priority above 0 are for `-o wide`."""
    columns = found.get("columnDefinitions") or []
    kept = [number for number, column in enumerate(columns) if is_wide or not column.get("priority")]
    header = [str(columns[number]["name"]).upper() for number in kept]
    header = [*(["NAMESPACE"] if with_namespace else []), *header, *(["LABELS"] if has_labels else [])]
    rows = [header] if has_header else []
    for row in found.get("rows") or []:
        about = row.get("object") or {}
        cells = [_cell(row["cells"][number]) for number in kept]
        labels = ",".join(f"{key}={value}" for key, value in sorted(at(about, "metadata.labels", {}).items()))
        rows.append(
            [*([namespace_of(about)] if with_namespace else []), *cells, *([labels or "<none>"] if has_labels else [])]
        )
    return aligned(rows)


def sorted_rows(found: Obj, path: str) -> Obj:
    """The table's rows by a jsonpath of their objects, which must have been asked for whole."""
    rows = sorted(found.get("rows") or [], key=lambda row: _sort_key(row.get("object") or {}, path))
    return {**found, "rows": rows}


def sorted_objects(found: Sequence[Obj], path: str) -> list[Obj]:
    return sorted(found, key=lambda one: _sort_key(one, path))


def _sort_key(one: Obj, path: str) -> tuple[bool, float, str, str]:
    values = jsonpath.select(path.strip("{}"), one)
    value: Any = values[0] if values else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None, float(value) if is_number else 0.0, "" if is_number else str(value), name_of(one)


def _cell(value: Any) -> str:  # Any: a cell holds whatever JSON its column says
    if isinstance(value, bool):
        return str(value).lower()
    return "<none>" if value is None else str(value)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their longest cell; no spaces at the ends of lines."""
    if not rows:
        return ""
    widths = [max(len(cell) for cell in column) + _GAP for column in zip(*rows, strict=True)]
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


# --- metrics.k8s.io --------------------------------------------------------------------------------------------------

_CPU_UNITS = {"n": 1e-6, "u": 1e-3, "m": 1.0}
_MEMORY_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def usage(one: Obj) -> Obj:
    """CPU in milli-cores and memory in bytes, of a node or of all containers of a pod."""
    parts = [container.get("usage") or {} for container in one.get("containers") or []] or [one.get("usage") or {}]
    return {
        "cpu": sum(_millicores(str(part.get("cpu", "0"))) for part in parts),
        "memory": sum(_bytes(str(part.get("memory", "0"))) for part in parts),
    }


def cpu(used: Obj) -> float:
    return float(used["cpu"])


def memory(used: Obj) -> float:
    return float(used["memory"])


def usage_table(items: Sequence[Obj], *, has_header: bool) -> str:
    rows = [["NAME", "CPU(cores)", "MEMORY(bytes)"]] if has_header else []
    for one in items:
        used = usage(one)
        rows.append([name_of(one), f"{used['cpu']:.0f}m", f"{used['memory'] / 2**20:.0f}Mi"])
    return aligned(rows)


def _millicores(text: str) -> float:
    return float(text[:-1]) * _CPU_UNITS[text[-1]] if text[-1] in _CPU_UNITS else float(text) * 1000


def _bytes(text: str) -> float:
    unit = next((unit for unit in _MEMORY_UNITS if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * _MEMORY_UNITS.get(unit, 1)
