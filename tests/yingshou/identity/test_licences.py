"""A business licence is a stored file that somebody refers to: the job that sorts loose files keeps it."""

import pytest

from tests.factories import identity as factory
from yingshou.documents.references import references
from yingshou.identity.models import OrganisationDetails
from yingshou.identity.selectors import licences_among
from yingshou.tenancy.actor import Actor, acting_as


@pytest.mark.django_db
def test_licences_are_found_among_files_by_their_own_organisation_only() -> None:
    one, other = factory.organisation(), factory.organisation()
    for row, files in ((one, [11, 12]), (other, [13])):
        with acting_as(Actor.system("test", row.pk)):
            OrganisationDetails.objects.filter(organisation=row).update(licence_file_ids=files)
    with acting_as(Actor.system("test", one.pk)):
        assert licences_among([10, 11, 13]) == {11}
        assert references.get("identity.licences").find([12]) == {12}
