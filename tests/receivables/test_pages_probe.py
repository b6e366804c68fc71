import pytest
from tests.factories import receivables as make
from tests.receivables.city import desk, booked
from yingshou.tenancy.actor import Duty

@pytest.mark.django_db
def test_probe(django_assert_max_num_queries):
    seller, buyer = make.creditor(), make.debtor()
    rows = [make.pending(seller, buyer) for _ in range(4)]
    draft = make.drafted(seller, buyer)
    done = make.confirmed(seller, buyer)
    booked(buyer, seller, rows[0]); booked(buyer, seller, rows[1], less="10000", later=3)
    for lang in ("zh-hans", "en"):
        s = desk(seller, Duty.MAKER, language=lang); b = desk(buyer, Duty.MAKER, language=lang)
        for d, paths in ((s, ["/receivables/", f"/receivables/{draft.public_no}/", f"/receivables/{rows[0].public_no}/", "/receivables/new/", "/receivables/new/?kind=S3", f"/receivables/{draft.public_no}/edit/", f"/receivables/{draft.public_no}/check/", "/receivables/disputes/", "/", "/search/?q=HT-0"]),
                         (b, ["/payables/confirm/", "/payables/", "/payables/book/", "/payables/new/", f"/payables/confirm/item/{rows[1].public_no}/", f"/receivables/{rows[0].public_no}/", f"/receivables/{done.public_no}/", f"/receivables/{done.public_no}/dispute/", "/"])):
            for p in paths:
                with django_assert_max_num_queries(200) as c:
                    r = d.client.get(p)
                print(lang, p, r.status_code, len(c.captured_queries), len(r.content))
                if r.status_code != 200: print(r.content.decode()[:1500])
                assert r.status_code == 200
