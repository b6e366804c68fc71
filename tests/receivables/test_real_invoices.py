"""Sales ledgers through the engine: each trap of the real files in a small one, and the real files themselves."""

import csv
import io
import os
import tarfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import Settings

from receivables.loading.ledgers import (
    blue_of_red,
    credit_code,
    independent_sums,
    largest_buyers,
    newest_day,
    read_ledgers,
    weeks_forward,
)
from receivables.models import ConfirmationAct, Receivable
from receivables.states import State
from yingshou.identity.models import Organisation
from yingshou.kernel.identifiers import uscc_problem
from yingshou.tenancy.actor import Actor, acting_as

HEADER = ["", "企业代号", "发票号码", "开票日期", "购方单位代号", "金额", "税额", "价税合计", "发票状态"]
VALID, VOID = "有效发票", "作废发票"
ROWS = [
    ("5076239", "2020/1/1", "B1", "100.00", "13.00", "113.00", VALID),  # a leading zero was lost
    ("05076240", "2020/2/1", "B1", "100.00", "13.00", "113.01", VALID),  # off by a cent
    ("05076240", "2020/2/1", "B1", "100.00", "13.00", "113.01", VALID),  # an identical row
    ("5076241", "2020/2/2", "B1", "200.00", "26.00", "226.00", VOID),  # voided
    ("5076242", "2020/2/3", "B2", "300.00", "39.00", "339.00", VALID),
    ("5076243", "2020/2/4", "B2", "-300.00", "-39.00", "-339.00", VALID),  # red, its blue is plain
    ("5076244", "2020/2/5", "B2", "-1.00", "-0.13", "-1.13", VALID),  # red without a blue
    ("5076245", "2020/2/6", "B1", "0.00", "0.00", "0.00", VALID),  # zero
    ("5076239", "2020/2/7", "B2", "50.00", "6.50", "56.50", VALID),  # one number for two buyers
    ("5076246", "2020/2/7", "B2", "50.00", "6.50", "56.50", " 作废发票"),  # a space before the word
]


def archive(folder: Path, firms: Mapping[str, Sequence[tuple[str, ...]]]) -> Path:
    """A tarball of ledgers as the real one: BOM, a nameless running number, dates without leading zeros."""
    path = folder / "ledgers.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for firm, rows in firms.items():
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(HEADER)
            for place, (number, day, buyer, *rest) in enumerate(rows):
                writer.writerow([place, firm, number, day, buyer, *rest])
            content = text.getvalue().encode("utf-8-sig")
            member = tarfile.TarInfo(f"x/credit_history_enterprise_output_invoice/{firm}.csv")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def load(path: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("load_real_invoices", str(path), stdout=out, **options)
    return out.getvalue()


def test_derived_codes_are_valid_and_stay_the_same() -> None:
    codes = {credit_code(f"E{number}") for number in range(1, 500)}

    assert len(codes) == 499
    assert all(uscc_problem(code) is None for code in codes)
    assert credit_code("E1") == credit_code("E1")


def test_a_red_row_is_told_apart_only_where_one_blue_fits(tmp_path: Path) -> None:
    twins = [
        ("1", "2020/1/1", "B1", "10.00", "1.30", "11.30", VALID),
        ("2", "2020/1/2", "B1", "10.00", "1.30", "11.30", VALID),
        ("3", "2020/1/3", "B1", "-10.00", "-1.30", "-11.30", VALID),
    ]
    ledgers = read_ledgers(archive(tmp_path, {"E1": ROWS, "E2": twins}))

    assert [red.number for red in blue_of_red(ledgers["E1"])] == ["5076243"]
    assert list(blue_of_red(ledgers["E1"]).values()) == ["05076242"]
    assert blue_of_red(ledgers["E2"]) == {}


def test_days_move_by_whole_weeks_to_the_last_one(tmp_path: Path) -> None:
    ledgers = read_ledgers(archive(tmp_path, {"E1": ROWS}))
    today = max(row.day for row in ledgers["E1"]).replace(year=2026)

    forward = weeks_forward(newest_day(ledgers.values()), today)

    assert forward.days % 7 == 0
    newest = max(row.day for row in ledgers["E1"]) + forward
    assert 0 <= (today - newest).days < 7


@pytest.mark.django_db(transaction=True)
def test_every_row_is_accounted_for_and_the_buyers_confirm_with_one_signature(tmp_path: Path) -> None:
    path = archive(tmp_path, {"E1": ROWS})
    expected = independent_sums(path)["E1"]
    assert expected.valid_total == Decimal("113.00") + Decimal("113.01") + Decimal("339.00") + Decimal("56.50")

    told = load(path, buyers=1, authority=tmp_path / "authority")

    (line,) = [one for one in told.splitlines() if one.strip().startswith("E1 ")]
    assert line.split()[:6] == ["E1", "10", "4", "4", "5", "1"], told
    for code in ("INV-014:2", "INV-005:1", "RCV-001:1", "RCV-050:1"):
        assert code in line
    assert "DIFFERS" not in told
    with acting_as(Actor.system("test")), transaction.atomic():
        buyer = Organisation.objects.by_uscc(credit_code(largest_buyers(read_ledgers(path).values(), 1)[0]))
    assert buyer is not None
    with acting_as(Actor.system("test", organisation_id=buyer.pk)), transaction.atomic():
        rows = list(Receivable.objects.of_debtor(buyer.pk))
        assert {row.state for row in rows} == {State.CONFIRMED}
        acts = list(ConfirmationAct.objects.all())
        assert len(acts) == len(rows) == 2
        assert len({act.signature_id for act in acts}) == 1
        assert acts[0].signature_id is not None


@pytest.mark.django_db(transaction=True)
def test_a_second_load_adds_nothing(tmp_path: Path) -> None:
    path = archive(tmp_path, {"E1": ROWS})
    load(path, no_confirm=True)

    told = load(path, no_confirm=True)

    (line,) = [one for one in told.splitlines() if one.strip().startswith("E1 ")]
    assert line.split()[3] == "0", told
    assert "DIFFERS" not in told


@pytest.mark.realdata
@pytest.mark.django_db(transaction=True)
def test_the_real_ledgers_add_up_and_a_second_load_adds_nothing(tmp_path: Path) -> None:
    path = Path(os.environ["YINGSHOU_REAL_DATA"]) / "vat-invoices.tar.gz"

    first = load(path, authority=tmp_path / "authority")
    second = load(path, no_confirm=True)

    assert "DIFFERS" not in first + second
    (total,) = [line for line in first.splitlines() if line.strip().startswith("all ")]
    (again,) = [line for line in second.splitlines() if line.strip().startswith("all ")]
    rows, imported, _added, refused, doubled = (int(part) for part in total.split()[1:])
    assert rows == 162_484 == imported + refused + doubled
    assert again.split()[3] == "0"
    assert first.count("confirmed with signature") == 20
