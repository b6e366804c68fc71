"""The one question that somebody may ask who has nothing but a link: to which claim it leads."""

FIND = """
-- Who knows the token finds its link, whatever became of it; nobody can list links.
create function receivables_link_of(digest text) returns table (link_id bigint, receivable_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
    perform app_kind();
    return query select l.id, l.receivable_id from receivables_answerlink l where l.token_hash = digest and length(digest) = 64;
end $$;
"""

FUNCTIONS = {"receivables_link_of(text)": FIND}
"""Signature to source."""
