"""Every model has a row class, and the database protects its table as the class says."""

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from yingshou.tenancy.actor import Actor, acting_as
from yingshou.tenancy.classes import ROW_CLASSES, RowClass
from yingshou.tenancy.policies import APPLICATION_ROLE

pytestmark = pytest.mark.django_db

# Tables of libraries: reached before or beside any tenant (sessions, sign-in, content types, staff's grants).
LIBRARIES = {"admin", "auth", "contenttypes", "sessions", "account", "mfa", "usersessions", "guardian"}

OWN_MODELS = [model for model in apps.get_models() if model._meta.app_label not in LIBRARIES]


def protection(table: str) -> tuple[bool, bool, int]:
    with acting_as(Actor.system("test")), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select c.relrowsecurity, c.relforcerowsecurity, (select count(*) from pg_policies p "
            "where p.tablename = c.relname and %s = any(p.roles)) from pg_class c "
            "where c.oid = %s::regclass",
            [APPLICATION_ROLE, table],
        )
        enabled, forced, policies = cursor.fetchone()
        return enabled, forced, policies


def test_every_model_declares_its_class() -> None:
    declared = {name for name, _class in ROW_CLASSES.items()}
    existing = {model._meta.label for model in OWN_MODELS}

    assert declared == existing


DECLARED = dict(ROW_CLASSES.items())
TENANT_MODELS = [model for model in OWN_MODELS if DECLARED.get(model._meta.label) is RowClass.TENANT]


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_a_tenant_table_has_forced_row_level_security_with_a_policy(model: type[Model]) -> None:
    enabled, forced, policies = protection(model._meta.db_table)

    assert enabled
    assert forced
    assert policies > 0


def test_the_check_sees_a_table_that_is_not_forced() -> None:
    with acting_as(Actor.system("test")), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("create temporary table bare (id bigint) on commit drop")
        cursor.execute("select relforcerowsecurity from pg_class where oid = 'bare'::regclass")

        assert cursor.fetchone() == (False,)
