import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

from yingshou.tenancy.policies import APPLICATION_ROLE, read_write_policy, tenant_policy

DIRECTORY_READ = "(select app_kind()) <> 'anonymous'"
DIRECTORY_WRITE = "id = (select app_org()) or (select app_staff()) or (select app_kind()) = 'system'"
OWN_OR_STAFF = "organisation_id = (select app_org()) or (select app_staff())"
STAFF_OR_SYSTEM = "(select app_staff()) or (select app_kind()) = 'system'"

# Nothing registered is ever deleted: it is suspended or deactivated.
NO_DELETE = """
revoke delete on identity_organisation, identity_organisationdetails, identity_bankaccount, identity_membership, identity_person
    from {role};
"""

# Under row-level security the application's role never uses a GIN index (array operators are not leakproof), so the directory is
# searched by its owner. It gives ids only; the rows are then read under the policy.
SEARCH = """
create function app_find_organisations(grams text[], wanted_key text, wanted_code text, most integer) returns setof bigint
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    if app_kind() = 'anonymous' then
        raise exception 'the directory is for signed-in actors' using errcode = '42501';
    end if;
    return query
        select o.id from identity_organisation o
        where o.state in ('VERIFIED', 'SUSPENDED')
          and ((cardinality(grams) > 0 and o.bigrams @> grams)
               or (wanted_key <> '' and o.name_key ^@ wanted_key)
               or (wanted_code <> '' and o.uscc ^@ wanted_code))
        order by (o.uscc = wanted_code) desc, (o.name_key ^@ wanted_key) desc, length(o.name), o.id
        limit most;
end $$;
revoke all on function app_find_organisations(text[], text, text, integer) from public;
grant execute on function app_find_organisations(text[], text, text, integer) to {role};

-- Registration asks before anybody is signed in. It answers taken or not, never by whom.
create function app_uscc_taken(code text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select 1 from identity_organisation where uscc = code);
$$;
revoke all on function app_uscc_taken(text) from public;
grant execute on function app_uscc_taken(text) to {role};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uscc", models.CharField(max_length=18, unique=True, verbose_name="unified social credit code")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("short_name", models.CharField(blank=True, max_length=60, verbose_name="short name")),
                ("name_en", models.CharField(blank=True, max_length=200, verbose_name="English name")),
                ("name_key", models.CharField(db_index=True, editable=False, max_length=200)),
                (
                    "bigrams",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, editable=False, size=None
                    ),
                ),
                (
                    "capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(
                            choices=[
                                ("creditor", "creditor"),
                                ("debtor", "debtor"),
                                ("core_enterprise", "core_enterprise"),
                                ("bank", "bank"),
                                ("factoring_company", "factoring_company"),
                                ("finance_department", "finance_department"),
                                ("pbc_branch", "pbc_branch"),
                                ("guarantor", "guarantor"),
                                ("platform_operator", "platform_operator"),
                            ]
                        ),
                        default=list,
                        size=None,
                        verbose_name="capabilities",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("01", "Financial institution"),
                            ("02", "Enterprise"),
                            ("03", "State organ or public institution"),
                            ("06", "Sole trader"),
                            ("09", "Other"),
                        ],
                        default="02",
                        max_length=2,
                        verbose_name="kind",
                    ),
                ),
                ("industry", models.CharField(blank=True, max_length=8, verbose_name="industry")),
                (
                    "size",
                    models.PositiveSmallIntegerField(
                        choices=[(10, "Large"), (20, "Medium"), (30, "Small"), (40, "Micro")],
                        null=True,
                        verbose_name="size",
                    ),
                ),
                ("is_public_body", models.BooleanField(default=False, verbose_name="public body")),
                ("requires_second_factor", models.BooleanField(default=False, verbose_name="second factor required")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING_VERIFICATION", "Waiting for verification"),
                            ("VERIFIED", "Verified"),
                            ("REJECTED", "Registration rejected"),
                            ("SUSPENDED", "Suspended"),
                        ],
                        default="PENDING_VERIFICATION",
                        max_length=24,
                        verbose_name="state",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("registered_at", models.DateTimeField(verbose_name="registered at")),
                ("verified_at", models.DateTimeField(null=True, verbose_name="verified at")),
            ],
            options={
                "verbose_name": "organisation",
                "verbose_name_plural": "organisations",
                "permissions": [("support_view", "May look at this organisation's pages to help it")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Workday",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False, verbose_name="day")),
                ("is_workday", models.BooleanField(verbose_name="working day")),
                ("note", models.CharField(blank=True, max_length=60, verbose_name="note")),
            ],
            options={
                "verbose_name": "calendar day",
                "verbose_name_plural": "working-day calendar",
                "ordering": ["day"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("username", models.CharField(max_length=60, unique=True, verbose_name="sign-in name")),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                ("display_name", models.CharField(max_length=60, verbose_name="name")),
                ("phone_cipher", models.TextField(blank=True, editable=False)),
                ("phone_hmac", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ("phone_last4", models.CharField(blank=True, editable=False, max_length=4)),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        choices=[("zh-hans", "简体中文"), ("en", "English")],
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "text_size",
                    models.CharField(
                        blank=True,
                        choices=[("small", "Small"), ("medium", "Middle"), ("large", "Big")],
                        max_length=10,
                        verbose_name="text size",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="may sign in")),
                ("is_staff", models.BooleanField(default=False, verbose_name="platform staff")),
                ("date_joined", models.DateTimeField(null=True, verbose_name="since")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ClockOffset",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("seconds", models.BigIntegerField(default=0)),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="clock_offset_single")],
            },
        ),
        migrations.CreateModel(
            name="OrganisationDetails",
            fields=[
                (
                    "organisation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="details",
                        serialize=False,
                        to="identity.organisation",
                    ),
                ),
                ("legal_representative", models.CharField(max_length=60, verbose_name="legal representative")),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="address")),
                ("contact_name", models.CharField(blank=True, max_length=60, verbose_name="contact")),
                ("phone_cipher", models.TextField(blank=True, editable=False)),
                ("phone_last4", models.CharField(blank=True, editable=False, max_length=4)),
                (
                    "licence_file_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None, verbose_name="licence files"
                    ),
                ),
                ("licence_expires_on", models.DateField(null=True, verbose_name="licence valid until")),
                ("size_declared_at", models.DateTimeField(null=True, verbose_name="size declared at")),
                ("size_declared_by_id", models.BigIntegerField(null=True)),
                (
                    "rejection_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("LICENCE_UNREADABLE", "The licence cannot be read"),
                            ("LICENCE_EXPIRED", "The licence has expired"),
                            ("NAME_DIFFERS", "Name and credit code do not belong together"),
                            ("REPRESENTATIVE_DIFFERS", "The legal representative differs from the licence"),
                            ("CAPABILITY_NOT_SHOWN", "The licence does not show the capability asked for"),
                            ("OTHER", "Another reason"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                ("rejection_text", models.CharField(blank=True, max_length=500, verbose_name="explanation")),
            ],
            options={
                "verbose_name": "details of an organisation",
                "verbose_name_plural": "details of organisations",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "duties",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(
                            choices=[
                                ("administrator", "administrator"),
                                ("maker", "maker"),
                                ("checker", "checker"),
                                ("signer", "signer"),
                                ("viewer", "viewer"),
                                ("auditor", "auditor"),
                                ("system_administrator", "system_administrator"),
                                ("security_administrator", "security_administrator"),
                                ("audit_administrator", "audit_administrator"),
                            ]
                        ),
                        default=list,
                        size=None,
                        verbose_name="duties",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="identity.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "membership",
                "verbose_name_plural": "memberships",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BankAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bank_code", models.CharField(max_length=12, verbose_name="bank code (CNAPS)")),
                ("bank_name", models.CharField(max_length=120, verbose_name="bank")),
                ("account_name", models.CharField(max_length=200, verbose_name="account name")),
                ("number_cipher", models.TextField(editable=False)),
                ("number_hmac", models.CharField(editable=False, max_length=64)),
                ("number_last4", models.CharField(editable=False, max_length=4)),
                ("is_default", models.BooleanField(default=False, verbose_name="used unless another is chosen")),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_accounts",
                        to="identity.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "bank account",
                "verbose_name_plural": "bank accounts",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="OrganisationGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("address", models.CharField(blank=True, default="", max_length=120, verbose_name="the one page")),
                (
                    "approved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "content_object",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="identity.organisation"),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("permission", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.permission")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "support grant",
                "verbose_name_plural": "support grants",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="OrganisationInvite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("display_name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "duties",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, size=None, verbose_name="duties"
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("invited_by_id", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invites", to="identity.organisation"
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Region",
            fields=[
                ("code", models.CharField(max_length=6, primary_key=True, serialize=False, verbose_name="code")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Province"), (2, "Prefecture"), (3, "County")], verbose_name="level"
                    ),
                ),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="valid from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid until")),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="identity.region",
                        verbose_name="part of",
                    ),
                ),
            ],
            options={
                "verbose_name": "region",
                "verbose_name_plural": "regions",
                "ordering": ["code"],
                "permissions": [("work_in_region", "May work on the matters of this region")],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="organisation",
            name="region",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="identity.region",
                verbose_name="region",
            ),
        ),
        migrations.CreateModel(
            name="RegionGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "content_object",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="identity.region"),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("permission", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.permission")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "region grant",
                "verbose_name_plural": "region grants",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SignInNetwork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network_hmac", models.CharField(max_length=64)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="networks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AddConstraint(
            model_name="signinnetwork",
            constraint=models.UniqueConstraint(fields=("person", "network_hmac"), name="network_once"),
        ),
        migrations.CreateModel(
            name="LimitCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("minute", models.BigIntegerField()),
                ("count", models.PositiveIntegerField(default=0)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AddConstraint(
            model_name="limitcount",
            constraint=models.UniqueConstraint(fields=("key", "minute"), name="limit_once"),
        ),
        migrations.CreateModel(
            name="SignInAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("login_hmac", models.CharField(max_length=64)),
                ("device_hmac", models.CharField(blank=True, max_length=64)),
                ("ip_hmac", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("ok", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "sign-in attempt",
                "verbose_name_plural": "sign-in attempts",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["login_hmac", "at"], name="attempt_by_login"),
                    models.Index(fields=["ip_hmac", "at"], name="attempt_by_ip"),
                    models.Index(fields=["at"], name="attempt_by_time"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(("username", django.db.models.functions.text.Lower("username"))),
                name="person_username_lower",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))), name="person_email_lower"
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(condition=models.Q(("is_superuser", False)), name="person_no_superuser"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("person", "organisation"), name="membership_once"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "duties__contained_by",
                        [
                            "administrator",
                            "maker",
                            "checker",
                            "signer",
                            "viewer",
                            "auditor",
                            "system_administrator",
                            "security_administrator",
                            "audit_administrator",
                        ],
                    )
                ),
                name="membership_duties_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number_hmac", ""), _negated=True),
                fields=("organisation", "bank_code", "number_hmac"),
                name="bank_account_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("active", True), ("is_default", True)),
                fields=("organisation",),
                name="bank_account_one_default",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisationgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="support_grant_ends"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisationgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(("granted_by", models.F("approved_by")), _negated=True)
                & models.Q(("user", models.F("granted_by")), _negated=True)
                & models.Q(("user", models.F("approved_by")), _negated=True),
                name="support_grant_two_others",
            ),
        ),
        migrations.AlterUniqueTogether(
            name="organisationgrant",
            unique_together={("user", "permission", "content_object", "address")},
        ),
        migrations.AddIndex(
            model_name="organisationinvite",
            index=models.Index(fields=["organisation", "-created_at"], name="invite_by_organisation"),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=django.contrib.postgres.indexes.GinIndex(fields=["bigrams"], name="organisation_bigrams"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "capabilities__contained_by",
                        [
                            "creditor",
                            "debtor",
                            "core_enterprise",
                            "bank",
                            "factoring_company",
                            "finance_department",
                            "pbc_branch",
                            "guarantor",
                            "platform_operator",
                        ],
                    )
                ),
                name="organisation_capabilities_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["PENDING_VERIFICATION", "VERIFIED", "REJECTED", "SUSPENDED"])),
                name="organisation_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["VERIFIED", "SUSPENDED"]), _negated=True),
                    ("verified_at__isnull", False),
                    _connector="OR",
                ),
                name="organisation_verified_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="organisation_version_positive"
            ),
        ),
        migrations.AlterUniqueTogether(
            name="regiongrant",
            unique_together={("user", "permission", "content_object")},
        ),
        migrations.CreateModel(
            name="DutyRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "duties",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("membership_version", models.PositiveIntegerField(default=0)),
                ("asked_by_id", models.BigIntegerField()),
                ("asked_by_label", models.TextField(blank=True, default="")),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("outcome", models.TextField(blank=True, default="")),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "invite",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.organisationinvite",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.membership",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="duty_requests",
                        to="identity.organisation",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("invite__isnull", True), ("membership__isnull", False)),
                            models.Q(("invite__isnull", False), ("membership__isnull", True)),
                            _connector="OR",
                        ),
                        name="duty_request_about_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("decided_at__isnull", True)),
                        fields=("membership",),
                        name="duty_request_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome", ""), ("decided_at__isnull", False), _connector="OR"),
                        name="duty_request_outcome",
                    ),
                ],
            },
        ),
        read_write_policy("identity_organisation", read=DIRECTORY_READ, write=DIRECTORY_WRITE),
        tenant_policy("identity_organisationdetails", using=OWN_OR_STAFF),
        tenant_policy("identity_bankaccount"),
        read_write_policy("identity_region", read="true", write=STAFF_OR_SYSTEM),
        read_write_policy("identity_workday", read="true", write=STAFF_OR_SYSTEM),
        migrations.RunSQL(sql=NO_DELETE.format(role=APPLICATION_ROLE), reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            sql=SEARCH.format(role=APPLICATION_ROLE),
            reverse_sql="drop function app_find_organisations(text[], text, text, integer); drop function app_uscc_taken(text);",
        ),
    ]
