select
    ticket_id, author_key as agent_key,
    cast(occurred_at as date) as activity_date, created_month,
    count(*) filter (where is_public and not is_opening) as n_replies,
    count(*) filter (where not is_public) as n_internal_comments,
    count(*) filter (where is_opening) as n_opened
from int_comments
where author_role = 'agent'
group by ticket_id, author_key, cast(occurred_at as date), created_month
