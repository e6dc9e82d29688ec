"""Keeps Schemathesis's requests within what a run can carry out. Each rule has its reason."""
import os

import schemathesis

# The ids of the tokens that the runs themselves use.
OWN_TOKENS = set(os.environ["CALLIOPE_CONTRACT_TOKENS"].split(","))


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what would end the run: without its token, every later request is refused."""
    if (case.method.upper(), case.operation.path) != ("DELETE", "/admin/api/tokens/{id}"):
        return True
    return str((case.path_parameters or {}).get("id")) not in OWN_TOKENS


@schemathesis.hook
def before_call(context, case, kwargs):
    """Changes values that the document allows, and that cost time or are accepted from one sender only."""
    if not case.meta.generation.mode.is_positive:
        return
    # A key belongs to one request; with another request it is refused.
    if case.headers is not None:
        case.headers.pop("Idempotency-Key", None)
    if isinstance(case.query, dict):
        # A cursor is opaque: only the service makes one that it accepts.
        case.query.pop("cursor", None)
        # A device may wait a minute for its next frame.
        if "wait" in case.query:
            case.query["wait"] = 0
