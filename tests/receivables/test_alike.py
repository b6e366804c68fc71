"""Near-duplicates: the labelled set at a small scale, what is flagged when, merging, and that nobody learns of a stranger."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import translation

from benchmarks import papers
from benchmarks.bench_duplicates import insert
from benchmarks.papers import Office, Paper
from receivables import actions, alike
from receivables.actions import alike as alike_actions
from receivables.actions.alike import NotMergeable
from receivables.models import ClaimTrait, Evidence, LikenessFlag, Receivable
from receivables.rules.flags import FLAG_RULES, REASON_WORDS
from receivables.rules.likeness import BASES, Item, compare, find
from receivables.standing import Freedom, standing
from receivables.states import FlagState, State
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.receivables.city import desk, post, text_of
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.access import grant_access
from yingshou.tenancy.actor import acting_as

Parties = tuple[Organisation, Organisation]


def item(pk: int, **changes: object) -> Item:
    values: dict[str, object] = {
        "creditor": 1, "amount": 11_345_678, "currency": "CNY", "kind": "S1", "claimed_on": date(2026, 11, 1),
        "due_on": date(2027, 1, 30), "contract": "HT001", "number": "12345678", "code": "3502261130",
    }  # fmt: skip
    return Item(pk, **(values | changes))  # type: ignore[arg-type]  # the test names the fields


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"number": "12345078"}, "NUMBER_TYPED"),
        ({"number": "12354678"}, "NUMBER_TYPED"),
        ({"number": "", "code": ""}, "SAME_FIGURES"),
        ({"number": "", "code": "", "kind": "S2"}, "OTHER_KIND"),
        ({"code": "", "currency": "USD"}, "OTHER_CURRENCY"),
        ({"amount": 12_820_616, "code": ""}, "NET_AND_GROSS"),
        ({"creditor": 2}, "TWO_SUPPLIERS"),
    ],
)
def test_what_was_entered_twice_is_found_by_its_rule(changes: dict[str, object], rule: str) -> None:
    (found,) = find(item(2, **changes), [item(1)])

    assert (found.rule, found.ids) == (rule, (1,))


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "12345679"},
        {"number": "12345699", "claimed_on": date(2026, 12, 1), "due_on": date(2027, 3, 1)},
        {"number": "12347000", "claimed_on": date(2026, 11, 8)},
        {"amount": 9_999_999, "number": "12345078"},
        {"creditor": 2, "number": "87654321"},
    ],
)
def test_ordinary_business_is_left_alone(changes: dict[str, object]) -> None:
    assert find(item(2, **changes), [item(1)]) == []


def test_parts_and_the_whole_find_each_other() -> None:
    parts = [item(2, amount=5_000_001, number="500"), item(3, amount=6_345_677, number="600")]

    (split,) = find(parts[1], [item(1), parts[0]])
    (merged,) = find(item(9, number="700"), parts)

    assert (split.rule, split.ids) == ("SPLIT", (1,))
    assert (merged.rule, merged.ids) == ("MERGED", (2, 3))


def test_a_part_of_the_same_invoice_is_lawful_use() -> None:
    assert compare(item(2), item(1)) is None


def test_every_rule_has_words_and_an_owner_in_both_languages() -> None:
    reasons = {reason for amounts in BASES.values() for reason in amounts} - {"NO_NUMBER"}
    assert set(BASES) | reasons <= set(REASON_WORDS)
    for rule in FLAG_RULES.values():
        said = {}
        for language in ("en", "zh-hans"):
            with translation.override(language):
                said[language] = [str(rule.sentence), str(rule.data), str(rule.owner), str(rule.next_step)]
        assert all(said["en"])
        for english, chinese in zip(said["en"], said["zh-hans"], strict=True):
            assert english != chinese, f"{rule.code}: no Chinese for {english!r}"


@pytest.mark.django_db
def test_the_labelled_set_is_found_and_the_honest_is_left_alone(parties: Parties) -> None:
    supplier, buyer = parties
    model, sister = make.pending(supplier, buyer), make.creditor()
    found, wrong, first = Counter[str](), 0, 900_000_000
    for seed in range(6):
        office = Office(770 + seed)
        rows: list[Paper] = [office.paper() for _number in range(20)]
        made = papers.mutants(office, 10)
        places = []
        for one in made:
            begin = len(rows)
            rows.extend([*one.originals, *one.again])
            places.append((begin, begin + len(one.originals), len(rows)))
        rows.extend(papers.look_alikes(office, 50))
        ids = _as_owner(rows, model, (supplier.pk, sister.pk), buyer.pk, first)
        first = ids[-1] + 1
        with acting_as(make.job(buyer)), transaction.atomic():
            hits = alike.look(ids)
        for mutant, (begin, middle, end) in zip(made, places, strict=True):
            named = {pk for one in hits.get(ids[end - 1], []) for pk in one.ids}
            found[mutant.kind] += bool(named & set(ids[begin:middle]))
        wrong += sum(pk in hits for pk in ids[-50:])
    recall = sum(found.values()) / 60
    precision = sum(found.values()) / (sum(found.values()) + wrong)

    assert recall >= 0.95, found
    assert precision >= 0.95, wrong


def _as_owner(rows: list[Paper], model: Receivable, sisters: tuple[int, int], buyer: int, first: int) -> list[int]:
    """Papers of two sellers, written by the buyer's own job: it is a party of each."""
    with acting_as(make.job(buyer)), transaction.atomic():
        ids = insert(rows, model, sisters, buyer, first=first, using="default")
    for seller in set(sisters):
        with acting_as(make.job(seller)), transaction.atomic():
            alike.keep_traits(
                list(Receivable.objects.filter(pk__in=ids, creditor_id=seller).values_list("pk", flat=True))
            )
    return ids


def _again(row: Receivable) -> dict[str, Any]:
    """The same claim entered once more, with another number."""
    one = row.invoice_uses.select_related("invoice").get().invoice
    digits = one.number
    typed = digits[:3] + str((int(digits[3]) + 4) % 10) + digits[4:]
    invoice = make.invoice(str(row.face_amount), number=typed, code=one.code)
    return {
        "face": str(row.face_amount),
        "contract_no": row.contract_no,
        "invoices": (invoice,),
        "due_date": row.due_date,
    }


def _twice(supplier: Organisation, buyer: Organisation) -> tuple[Receivable, Receivable, LikenessFlag]:
    row = make.drafted(supplier, buyer, face="113456.78")
    with acting_as(make.job(supplier)):
        again = _again(row)
    later = make.drafted(supplier, buyer, **again)
    with acting_as(make.job(supplier)):
        return row, later, LikenessFlag.objects.get(receivable=later)


@pytest.mark.django_db
def test_a_supplier_is_told_at_entry_and_nothing_is_blocked(parties: Parties) -> None:
    supplier, buyer = parties

    row, later, flag = _twice(supplier, buyer)

    assert flag.other_ids == [row.pk]
    assert flag.rule == "NUMBER_TYPED"
    assert flag.score >= 70
    with acting_as(make.job(supplier)) as by, transaction.atomic():
        assert all(one.ok for one in actions.submit([row.pk, later.pk], by=by, at=AT))
    with acting_as(make.job(buyer)):
        assert not LikenessFlag.objects.exists()


@pytest.mark.django_db
def test_the_debtor_looks_at_what_was_sent_to_it_from_every_supplier(parties: Parties) -> None:
    supplier, buyer = parties
    row, later, _flag = _twice(supplier, buyer)
    other = make.creditor()
    with acting_as(make.job(supplier)) as by, transaction.atomic():
        actions.submit([row.pk, later.pk], by=by, at=AT)
        one = row.invoice_uses.select_related("invoice").get().invoice
    foreign = make.pending(
        other, buyer, face="113456.78", invoices=(make.invoice("113456.78", number=one.number, code="3502261139"),)
    )

    with acting_as(make.job(buyer)) as by:
        assert alike_actions.flag_shown(by=by, at=AT) == 3
        assert alike_actions.flag_shown(by=by, at=AT) == 0
        flags = {flag.receivable_id: flag for flag in LikenessFlag.objects.order_by("-score", "-pk")}
    assert flags[later.pk].other_ids == [row.pk]
    assert flags[foreign.pk].rule == "TWO_SUPPLIERS"
    with acting_as(make.job(other)):
        assert not LikenessFlag.objects.exists()
        assert ClaimTrait.objects.count() == 1


@pytest.mark.django_db
def test_the_answer_to_a_stranger_names_nobody(parties: Parties) -> None:
    supplier, buyer = parties
    _row, later, flag = _twice(supplier, buyer)
    with acting_as(make.job(supplier)), connection.cursor() as cursor:
        cursor.execute("select * from receivables_looks_like(%s)", [[later.pk]])
        assert [column.name for column in cursor.description] == ["id", "score", "rule", "reasons"]
        assert cursor.fetchone()[:2] == (later.pk, flag.score)
    for stranger in (make.creditor(), buyer):
        with acting_as(make.job(stranger)), connection.cursor() as cursor:
            cursor.execute("select * from receivables_looks_like(%s)", [[later.pk]])
            assert cursor.fetchall() == []


@pytest.mark.django_db
def test_merging_takes_the_later_one_back_and_moves_its_papers(parties: Parties) -> None:
    supplier, buyer = parties
    row, later, flag = _twice(supplier, buyer)
    maker = make.maker(supplier)
    with acting_as(maker), transaction.atomic():
        files = set(Evidence.objects.filter(receivable__in=[row, later]).values_list("file_id", flat=True))
        alike_actions.merge(flag.pk, by=maker, at=AT)

        later.refresh_from_db()
        flag.refresh_from_db()
        assert (later.state, later.reason_code) == (State.UNDONE, "MERGED")
        assert flag.state == FlagState.MERGED
        assert set(Evidence.objects.filter(receivable=row).values_list("file_id", flat=True)) == files
        for one, other in ((row, later), (later, row)):
            event = AuditEvent.objects.get(kind="receivables.receivable.merge", object_id=one.pk)
            assert event.body == {"other": other.public_no}
        assert not later.invoice_uses.filter(is_alive=True).exists()


@pytest.mark.django_db
def test_what_the_debtor_confirmed_is_not_merged_away(parties: Parties) -> None:
    supplier, buyer = parties
    _row, later, flag = _twice(supplier, buyer)
    with acting_as(make.job(supplier)) as by, transaction.atomic():
        actions.submit([later.pk], by=by, at=AT)
    with acting_as(make.job(buyer)) as by, transaction.atomic():
        actions.confirm([actions.Decision(later.pk)], by=by, at=AT)

    maker = make.maker(supplier)
    with acting_as(maker), pytest.raises(NotMergeable), transaction.atomic():
        alike_actions.merge(flag.pk, by=maker, at=AT)


@pytest.mark.django_db
def test_a_dismissed_flag_has_its_reason_and_does_not_come_back(parties: Parties) -> None:
    supplier, buyer = parties
    _row, later, flag = _twice(supplier, buyer)
    maker = make.maker(supplier)
    with acting_as(maker), transaction.atomic():
        with pytest.raises(DomainError):
            alike_actions.dismiss(flag.pk, comment=" ", by=maker, at=AT)
        alike_actions.dismiss(flag.pk, comment="两次送货", by=maker, at=AT)
        alike_actions.flag([later.pk], by=maker, at=AT + timedelta(days=1))

        assert LikenessFlag.objects.get().state == FlagState.DISMISSED
        assert not LikenessFlag.objects.visible_to(maker).open().exists()


@pytest.mark.django_db
def test_a_flag_is_over_when_one_of_the_two_is_taken_back(parties: Parties) -> None:
    supplier, buyer = parties
    row, _later, flag = _twice(supplier, buyer)
    with acting_as(make.job(supplier)) as by, transaction.atomic():
        assert LikenessFlag.objects.visible_to(by).open().get() == flag
        actions.undo([row.pk], by=by, at=AT)
        assert not LikenessFlag.objects.visible_to(by).open().exists()


@pytest.mark.django_db
def test_pages_show_both_sides_and_nothing_of_a_stranger(parties: Parties) -> None:
    supplier, buyer = parties
    row, later, flag = _twice(supplier, buyer)
    maker = desk(supplier)

    assert later.public_no in text_of(maker, "/receivables/duplicates/?state=open")
    page = text_of(maker, f"/receivables/duplicates/{flag.pk}/")
    assert row.public_no in page
    assert "号码有 1 位不同" in page
    assert ">OPEN<" not in page
    assert f"/receivables/duplicates/{flag.pk}/" in text_of(maker, f"/receivables/{later.public_no}/")
    asked = post(maker, "/receivables/act/submit/", id=[str(later.pk)])
    assert asked.status_code == 200
    assert f"/receivables/duplicates/{flag.pk}/" in asked.content.decode()
    for stranger in (desk(make.creditor()), desk(buyer)):
        text_of(stranger, f"/receivables/duplicates/{flag.pk}/", status=404)
        assert post(stranger, f"/receivables/duplicates/{flag.pk}/dismiss/", comment="x").status_code == 404
        assert later.public_no not in text_of(stranger, "/receivables/duplicates/")


@pytest.mark.django_db
def test_a_person_merges_on_the_page_and_may_dismiss_with_a_reason_only(parties: Parties) -> None:
    supplier, buyer = parties
    _row, later, flag = _twice(supplier, buyer)
    maker = desk(supplier)

    assert post(maker, f"/receivables/duplicates/{flag.pk}/dismiss/", comment="").status_code == 422
    assert post(maker, f"/receivables/duplicates/{flag.pk}/merge/").status_code == 302

    assert "已合并" in text_of(maker, f"/receivables/duplicates/{flag.pk}/")
    assert "已合并：重复录入" in text_of(maker, f"/receivables/{later.public_no}/")
    assert post(maker, f"/receivables/duplicates/{flag.pk}/merge/").status_code == 409


@pytest.mark.django_db
def test_two_suppliers_of_one_invoice_learn_nothing_of_each_other(parties: Parties) -> None:
    supplier, buyer = parties
    other = make.creditor(name="隔壁零部件有限公司")
    one = make.invoice("113456.78", number="77001234", code="3502261130")
    make.pending(other, buyer, face="113456.78", contract_no="SECRET-1", invoices=(one,))
    mine = make.invoice("113456.78", number="77001234", code="3502261131")
    row = make.pending(supplier, buyer, face="113456.78", invoices=(mine,))
    with acting_as(make.job(buyer)) as by:
        alike_actions.flag_shown(by=by, at=AT)
        flag = LikenessFlag.objects.get()

    seen = text_of(desk(buyer), f"/receivables/duplicates/{flag.pk}/")
    assert "隔壁零部件有限公司" in seen
    assert supplier.name in seen
    maker = desk(supplier)
    for path in ("/receivables/duplicates/", f"/receivables/{row.public_no}/", "/receivables/"):
        page = text_of(maker, path)
        assert "隔壁零部件有限公司" not in page
        assert "SECRET-1" not in page
    text_of(maker, f"/receivables/duplicates/{flag.pk}/", status=404)


@pytest.mark.django_db
def test_a_funder_is_told_how_it_stands_and_never_who(parties: Parties) -> None:
    supplier, buyer = parties
    row, later, flag = _twice(supplier, buyer)
    with acting_as(make.job(supplier)) as by, transaction.atomic():
        actions.submit([later.pk], by=by, at=AT)
    with acting_as(make.job(buyer)) as by, transaction.atomic():
        actions.confirm([actions.Decision(later.pk)], by=by, at=AT)
    bank = make.creditor()
    with acting_as(make.job(bank)), transaction.atomic():
        assert standing([later.pk]) == {}
    with acting_as(make.job(supplier)), transaction.atomic():
        grant_access(
            object_type="receivables.receivable", object_id=later.pk, organisation_id=bank.pk, reason_type="test",
            reason_id=1, at=AT,
        )  # fmt: skip
    with acting_as(make.job(bank)), transaction.atomic():
        told = standing([later.pk])[later.pk]

    assert (told.freedom, told.score) == (Freedom.FREE, flag.score)
    assert told.why
    assert not any(one in repr(told) for one in (supplier.name, supplier.uscc, buyer.uscc, row.public_no))
