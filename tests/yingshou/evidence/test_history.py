"""The sealed history: nothing is left out, everything altered behind the application is found and named (G8)."""

import json
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from tests.yingshou.evidence.history import (
    BY,
    found,
    seal_all,
    settle,
    superuser,
    tamper,
    verify,
    write,
    write_access,
)
from yingshou.audit.models import AccessEvent, AuditEvent
from yingshou.evidence import leaves, notes, sealing
from yingshou.evidence.keys import seal_key
from yingshou.evidence.models import Checkpoint, SealedEvent
from yingshou.evidence.store import StoredNodes
from yingshou.evidence.tasks import seal
from yingshou.kernel import clock, merkle_log
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "sealing"])


@pytest.fixture
def copies(settings: Any, tmp_path: Path) -> list[Path]:
    """Two folders that get copies."""
    folders = [tmp_path / "first", tmp_path / "second"]
    settings.SEAL_WITNESSES = [str(folder) for folder in folders]
    return folders


def seal_task() -> None:
    """What the scheduler runs, once everything is settled."""
    settle()
    seal()


def _event_ids() -> list[int]:
    with superuser() as cursor:
        cursor.execute("select id from audit_auditevent order by id")
        return [row[0] for row in cursor.fetchall()]


def test_everything_written_is_sealed_once_in_its_order_and_verifies() -> None:
    write(300)
    write_access(2)
    write(5, first=1_000)
    assert seal_all() == 307
    write(4, first=2_000)
    assert seal_all() == 311
    assert sealing.seal(at=clock.now()).count == 0
    report = verify()
    assert (report.good, report.events, report.checkpoints) == (True, 311, 2), report.findings


def test_batches_that_cut_a_transaction_lose_and_double_nothing() -> None:
    write(25)
    write_access(3)
    write(7, first=500)
    settle()
    rounds = 0
    while sealing.seal(at=clock.now(), limit=4).count:
        rounds += 1
    assert rounds == 9
    report = verify()
    assert (report.good, report.events) == (True, 35), report.findings


def test_writers_that_commit_late_are_never_passed_over() -> None:
    stop = threading.Event()
    written = [0] * 6

    def writer(number: int) -> None:
        try:
            for turn in range(25):
                try:
                    with acting_as(BY), transaction.atomic():
                        write(3, first=1 + number * 1_000_000 + turn * 10)
                        if turn % 5 == 4:
                            raise ZeroDivisionError
                        written[number] += 3
                except ZeroDivisionError:
                    continue
        finally:
            connections.close_all()

    def sealer() -> None:
        try:
            while not stop.is_set():
                sealing.seal(at=clock.now(), limit=20)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(len(written))]
    watching = threading.Thread(target=sealer)
    for thread in [*threads, watching]:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watching.join()
    seal_all()
    report = verify()
    assert (report.good, report.events) == (True, sum(written)), report.findings


def test_a_row_that_commits_after_a_later_one_is_sealed_and_a_cursor_over_ids_would_miss_it() -> None:
    write(1)
    copy = (
        "insert into audit_auditevent (actor_kind, actor_label, kind, object_type, object_id, audience, at, request_id, body) "
        "select actor_kind, actor_label, kind, object_type, %s, audience, at, request_id, body from audit_auditevent "
        "where object_id = 1 returning id"
    )
    with superuser() as late, superuser() as early:
        late.execute("begin")
        late.execute(copy, [801])
        late_id = late.fetchone()[0]
        early.execute(copy, [802])
        early_id = early.fetchone()[0]
        sealing.seal(at=clock.now())
        early.execute("select max(id) from audit_auditevent")
        cursor_over_ids = early.fetchone()[0]
        late.execute("commit")
    assert late_id < early_id == cursor_over_ids
    seal_all()
    with acting_as(BY), transaction.atomic():
        assert set(SealedEvent.objects.values_list("row_id", flat=True)) >= {late_id, early_id}
    assert verify().good


TAMPERING = {
    "one character of the body": "update audit_auditevent set body = jsonb_set(body, '{amount}', '\"1200.01\"') where id = %s",
    "a number that becomes a text": "update audit_auditevent set body = jsonb_set(body, '{lines}', '[\"1\"]') where id = %s",
    "one microsecond": "update audit_auditevent set at = at + interval '1 microsecond' where id = %s",
    "when it was written": "update audit_auditevent set recorded_at = recorded_at - interval '1 day' where id = %s",
    "who did it": "update audit_auditevent set person_id = 99 where id = %s",
    "who may read it": "update audit_auditevent set audience = audience || 99 where id = %s",
    "another object": "update audit_auditevent set object_id = 99999 where id = %s",
    "another version": "update audit_auditevent set object_version = 2 where id = %s",
    "the salt": "update audit_auditevent set salt = gen_random_uuid() where id = %s",
}


@pytest.mark.parametrize("what", TAMPERING)
def test_a_row_that_a_superuser_changes_is_named(what: str) -> None:
    write(20)
    seal_all()
    victim = _event_ids()[11]
    assert tamper(TAMPERING[what], [victim]) == 1
    assert ("changed", f"change {victim}") in found(verify())


def test_a_row_that_a_superuser_removes_is_named() -> None:
    write(20)
    write_access(2)
    seal_all()
    victim = _event_ids()[3]
    tamper("delete from audit_auditevent where id = %s", [victim])
    tamper("delete from audit_accessevent where id = (select min(id) from audit_accessevent)")
    places = found(verify())
    assert ("removed", f"change {victim}") in places
    assert {place.split()[0] for fault, place in places if fault == "removed"} == {"change", "access"}


def test_two_rows_that_change_places_are_both_named() -> None:
    write(5)
    seal_all()
    first, second = _event_ids()[1:3]
    with superuser() as cursor:
        cursor.execute("begin")
        for old, new in ((first, -1), (second, first), (-1, second)):
            cursor.execute("update audit_auditevent set id = %s where id = %s", [new, old])
        cursor.execute("commit")
    assert {("changed", f"change {first}"), ("changed", f"change {second}")} <= found(verify())


def test_a_row_slipped_in_with_an_old_transaction_is_named() -> None:
    write(20)
    seal_all()
    with superuser() as cursor:
        cursor.execute(
            "insert into audit_auditevent (actor_kind, actor_label, kind, object_type, object_id, audience, at, request_id, "
            "body, tx) select actor_kind, actor_label, kind, object_type, 4242, audience, at, request_id, body, tx "
            "from audit_auditevent order by id limit 1 returning id"
        )
        slipped = cursor.fetchone()[0]
    assert found(verify()) == {("inserted", f"change {slipped}")}
    seal_all()
    assert ("inserted", f"change {slipped}") in found(verify())


def test_a_row_removed_before_it_is_sealed_leaves_a_gap_in_the_versions() -> None:
    write(1, kind="test.thing.create")
    with acting_as(BY), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_auditevent (organisation_id, actor_kind, actor_label, kind, object_type, object_id, "
            "object_version, audience, at, request_id, body) values (7, 'system', '', 'test.thing.change', 'test.thing', 1, 2, "
            "'{7}', now(), '', '{}')"
        )
    tamper("delete from audit_auditevent where object_version = 1")
    assert found(verify()) == {("versions", "test.thing 1")}


def test_a_leaf_rewritten_to_fit_is_told_by_the_signed_root_and_named_by_the_copy(copies: list[Path]) -> None:
    write(600)
    seal_task()
    victim = _event_ids()[77]
    _rewrite(victim)
    places = found(verify())
    assert ("root", "600") in places
    assert ("leaf", f"change {victim}") in places
    assert ("changed", f"change {victim}") not in places


def _rewrite(victim: int) -> None:
    """Change an event and make its leaf and the kept nodes fit, as an administrator of the database can."""
    with superuser() as cursor:
        cursor.execute("update audit_auditevent set person_id = 99 where id = %s", [victim])
        cursor.execute(f"{leaves.CHANGE.select} where id = %s", [victim])
        row = leaves.read(leaves.CHANGE, cursor.fetchone())
        cursor.execute("update evidence_sealedevent set leaf = %s where row_id = %s", [row.leaf, victim])
        cursor.execute("select count(*) from evidence_sealedevent")
        size = cursor.fetchone()[0]
        below = StoredNodes(cursor).nodes(0, 0, size)
        for position, node in enumerate(merkle_log.kept_nodes(below)):
            cursor.execute("update evidence_treenode set hash = %s where level = 8 and position = %s", [node, position])


def test_a_history_rewritten_with_the_signing_key_is_told_by_the_copies_alone(copies: list[Path]) -> None:
    write(300)
    seal_task()
    victim = _event_ids()[5]
    _rewrite(victim)
    with superuser() as cursor:
        root = merkle_log.tree_root(StoredNodes(cursor), 300)
        note = notes.sign(notes.Note(django_settings.SEAL_ORIGIN, 300, root), seal_key())
        cursor.execute("update evidence_checkpoint set root = %s, note = %s", [root, note])
    assert found(verify()) == {("leaf", f"change {victim}"), ("note", "300")}


def test_without_copies_that_rewriting_is_not_told(settings: Any) -> None:
    """The limit that `docs/security.md` names: whoever has the database and the key is held by copies outside only."""
    settings.SEAL_WITNESSES = []
    write(10)
    seal_all()
    _rewrite(_event_ids()[5])
    with superuser() as cursor:
        root = merkle_log.tree_root(StoredNodes(cursor), 10)
        note = notes.sign(notes.Note(django_settings.SEAL_ORIGIN, 10, root), seal_key())
        cursor.execute("update evidence_checkpoint set root = %s, note = %s", [root, note])
    assert verify().good


def test_a_tail_that_was_cut_off_with_its_leaves_is_told_by_the_copies(copies: list[Path]) -> None:
    write(10)
    seal_task()
    write(3, first=100)
    seal_task()
    victims = _event_ids()[10:]
    for statement in (
        "delete from audit_auditevent where object_id >= 100",
        "delete from evidence_sealedevent where position >= 10",
        "delete from evidence_checkpoint where size > 10",
    ):
        assert tamper(statement) > 0
    assert {("removed", f"change {victim}") for victim in victims} <= found(verify())


def test_a_forged_checkpoint_is_named() -> None:
    write(10)
    seal_all()
    tamper("update evidence_checkpoint set note = replace(note, '10', '11')")
    assert ("note", "10") in found(verify())


def test_a_copy_that_was_altered_is_named(copies: list[Path]) -> None:
    write(10)
    seal_task()
    file = copies[1] / "entries.txt"
    file.write_text(file.read_text().replace("change", "chance", 1))
    assert {fault for fault, _place in found(verify())} == {"leaf"}
    file.write_text("no entries at all\n")
    assert ("copy", str(copies[1])) in found(verify())


def test_a_sealer_that_stands_still_is_told() -> None:
    write(3)
    assert found(verify(timedelta(minutes=9))) == set()
    assert found(verify(timedelta(minutes=11))) == {("lag", "3")}


def test_a_copy_interrupted_in_the_middle_of_a_line_goes_on(copies: list[Path]) -> None:
    write(10)
    seal_task()
    for folder in copies:
        file = folder / "entries.txt"
        file.write_bytes(file.read_bytes()[:-20])
    write(5, first=100)
    seal_task()
    report = verify()
    assert (report.good, report.copies) == (True, 2), report.findings
    assert (copies[0] / "entries.txt").read_text().count("\n") == 15
    assert (copies[0] / "checkpoints.txt").read_text().count("— ") == 2


def test_a_folder_that_cannot_be_written_stops_nothing(settings: Any, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    settings.SEAL_WITNESSES = [str(blocked), str(tmp_path / "good")]
    write(4)
    seal_task()
    assert (tmp_path / "good" / "entries.txt").read_text().count("\n") == 4


def test_only_the_sealing_role_writes_the_sealed_history() -> None:
    write(2)
    seal_all()
    for statement in (
        "insert into evidence_sealedevent (position, source, row_id, leaf) values (5, 'change', 5, '')",
        "update evidence_sealedevent set row_id = 6",
        "delete from evidence_checkpoint",
        "truncate evidence_treenode",
    ):
        with acting_as(BY), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(using="sealing"),
            connections["sealing"].cursor() as cursor,
        ):
            cursor.execute(statement.replace("insert into evidence_sealedevent", "insert into audit_auditevent"))
    with acting_as(BY), transaction.atomic():
        assert (SealedEvent.objects.count(), Checkpoint.objects.count()) == (2, 1)


def test_the_sealing_role_reads_events_and_nothing_of_the_business() -> None:
    with transaction.atomic(using="sealing"), connections["sealing"].cursor() as cursor:
        cursor.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' "
            "and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege(c.oid, 'select') order by 1"
        )
        assert [row[0] for row in cursor.fetchall()] == [
            "audit_accessevent",
            "audit_auditevent",
            "evidence_checkpoint",
            "evidence_sealedevent",
            "evidence_treenode",
        ]


def test_the_command_names_what_it_found_in_both_languages_and_ends_with_one() -> None:
    write(5)
    seal_all()
    output = StringIO()
    call_command("verify_audit", stdout=output)
    assert "5" in output.getvalue()
    victim = _event_ids()[2]
    tamper("update audit_auditevent set person_id = 1 where id = %s", [victim])
    texts = []
    for language in ("en", "zh-hans"):
        output = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit", language=language, stdout=output)
        assert ended.value.code == 1
        texts.append(output.getvalue())
    assert f"Event change {victim} (leaf 2) was changed" in texts[0]
    assert texts[0] != texts[1]
    assert f"change {victim}" in texts[1]
    output = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--json", stdout=output)
    assert json.loads(output.getvalue())["findings"][0]["place"] == f"change {victim}"


def test_every_column_of_an_event_is_in_its_leaf() -> None:
    """A column that nobody seals could be changed unseen."""
    outside = {"salt", "tx", "body"}  # the salt and the members of the body are in the commitments, the place is tx
    for model, source in ((AuditEvent, leaves.CHANGE), (AccessEvent, leaves.ACCESS)):
        columns = {field.column for field in model._meta.concrete_fields} - outside
        sealed = {"id", "organisation_id", "person_id", "kind", "object_type", "object_id", "at", "request_id"}
        assert columns == sealed | set(source.columns)
