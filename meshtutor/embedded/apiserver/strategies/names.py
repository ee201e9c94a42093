"""Names, labels, annotations: the syntax rules of apimachinery's pkg/util/validation/validation.go.

Each `*_error` answers what is wrong with a value, in Kubernetes' words, or "".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from meshtutor.embedded.apiserver.statuses import FieldError, invalid_value, wrong_type

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE: Final = f"({_QUALIFIED})?"
_ANNOTATIONS_LIMIT: Final = 256 * 1024

_COMPILED: Final = {p: re.compile(p) for p in (_LABEL, _SUBDOMAIN, _LABEL_1035, _QUALIFIED, _VALUE)}


def _check(value: str, pattern: str, limit: int, told: str, example: str) -> str:
    if len(value) > limit:
        return f"must be no more than {limit} bytes"
    if _COMPILED[pattern].fullmatch(value):
        return ""
    return f"{told} (e.g. {example}, regex used for validation is '{pattern}')"


def label_error(value: str) -> str:
    """RFC 1123 label: namespaces, containers, volumes."""
    if "." in value:
        return "must not contain dots"
    told = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character"
    )
    return _check(value, _LABEL, 63, told, "'my-name',  or '123-abc'")


def label_1035_error(value: str) -> str:
    """RFC 1035 label: Services."""
    told = (
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
        "start with an alphabetic character, and end with an alphanumeric character"
    )
    return _check(value, _LABEL_1035, 63, told, "'my-name',  or 'abc-123'")


def subdomain_error(value: str) -> str:
    """RFC 1123 subdomain: the names of most kinds."""
    told = (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _check(value, _SUBDOMAIN, 253, told, "'example.com'")


def key_error(key: str) -> str:
    """A qualified name, `[PREFIX/]NAME`: keys of labels and annotations."""
    prefix, slash, name = key.rpartition("/")
    if slash and (not prefix or subdomain_error(prefix)):
        return f"prefix part {subdomain_error(prefix) or 'must be non-empty'}"
    told = (
        "name part must consist of alphanumeric characters, '-', '_' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _check(name, _QUALIFIED, 63, told, "'MyName',  or 'my.name',  or '123-abc'")


def value_error(value: str) -> str:
    """A label's value."""
    told = (
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _check(value, _VALUE, 63, told, "'MyValue',  or 'my_value',  or '12345'")


def check_labels(labels: Any, path: str) -> list[FieldError]:
    """A map of labels."""
    if not isinstance(labels, Mapping):
        return []
    found = []
    for key, value in labels.items():
        if why := key_error(str(key)):
            found.append(invalid_value(path, key, why))
        if not isinstance(value, str):
            found.append(wrong_type(f"{path}.{key}", value, "must be a string; put it in quotes"))
        elif why := value_error(value):
            found.append(invalid_value(path, value, why))
    return found


def check_annotations(annotations: Any, path: str) -> list[FieldError]:
    """A map of annotations: keys like labels', any strings as values."""
    if not isinstance(annotations, Mapping):
        return []
    found = []
    for key, value in annotations.items():
        if why := key_error(str(key).lower()):
            found.append(invalid_value(path, key, why))
        if not isinstance(value, str):
            found.append(wrong_type(f"{path}.{key}", value, "must be a string; put it in quotes"))
    if sum(len(str(k)) + len(str(v)) for k, v in annotations.items()) > _ANNOTATIONS_LIMIT:
        found.append(
            FieldError(
                path, "FieldValueTooLong", f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
            )
        )
    return found


def check_metadata(meta: Mapping[str, Any], name_error: Callable[[str], str]) -> list[FieldError]:
    """Name, labels, annotations and finalizers of an object."""
    found = []
    if why := name_error(meta["name"]):
        found.append(invalid_value("metadata.name", meta["name"], why))
    found += check_labels(meta.get("labels"), "metadata.labels")
    found += check_annotations(meta.get("annotations"), "metadata.annotations")
    for finalizer in meta.get("finalizers") or ():
        if why := key_error(str(finalizer)):
            found.append(invalid_value("metadata.finalizers", finalizer, why))
    for i, owner in enumerate(meta.get("ownerReferences") or ()):
        path = f"metadata.ownerReferences[{i}]"
        missing = [f for f in ("apiVersion", "kind", "name", "uid") if not owner.get(f)]
        found += [invalid_value(f"{path}.{f}", owner.get(f, ""), "must not be empty") for f in missing]
    return found


def check_selector(selector: Any, path: str) -> list[FieldError]:
    """A LabelSelector: operators, and values where the operator wants them."""
    if not isinstance(selector, Mapping):
        return []
    found = check_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for i, expression in enumerate(selector.get("matchExpressions") or ()):
        at = f"{path}.matchExpressions[{i}]"
        operator, values = expression.get("operator"), expression.get("values") or []
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            found.append(invalid_value(f"{at}.operator", operator, "not a valid selector operator"))
        elif (operator in ("In", "NotIn")) != bool(values):
            need = "must be specified" if operator in ("In", "NotIn") else "may not be specified"
            found.append(invalid_value(f"{at}.values", values, f"{need} when `operator` is '{operator}'"))
    return found
