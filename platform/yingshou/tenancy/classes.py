"""Which protection a model's table has. Declared by each app, compared with the database catalogue by a test."""

from enum import StrEnum

from yingshou.kernel.registry import Registry


class RowClass(StrEnum):
    """
    The four classes of `docs/architecture.md`, "Actors and rows".

    TENANT: row-level security, forced. REFERENCE: read by everyone, written by staff. SIGN_IN: reached only from
    identity, before an actor is known. OPERATION: the platform's own bookkeeping, reached through functions or own scopes.
    """

    TENANT = "tenant"
    REFERENCE = "reference"
    SIGN_IN = "sign-in"
    OPERATION = "operation"


ROW_CLASSES: Registry[RowClass] = Registry("row classes")


def register(model: str, row_class: RowClass) -> None:
    """
    Declare the class of a model, named `app_label.ModelName`.

    :raises AlreadyRegistered: if the model was declared before
    """
    ROW_CLASSES.register(model, row_class)
