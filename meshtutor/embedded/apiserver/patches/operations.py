"""JSON patch (RFC 6902), by the jsonpatch library; refusals worded as apiserver words them."""

from __future__ import annotations

from typing import Any

import jsonpatch

from meshtutor.embedded.apiserver.statuses import bad_request, refusal


def json_patch(target: Any, operations: Any) -> Any:
    """The patched value; 400 if the patch cannot be read, 422 if it does not fit the object."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations: [{op, path, value}, ...]")
    try:
        return jsonpatch.JsonPatch(operations).apply(target)
    except jsonpatch.InvalidJsonPatch as error:
        raise bad_request(f"the JSON patch cannot be read: {error}") from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise refusal(
            422, "Invalid", f"the server rejected our request due to an error in our request: {error}"
        ) from error
