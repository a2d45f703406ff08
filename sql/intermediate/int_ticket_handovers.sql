-- DECISIONS.md#handover: a conversation waits for people from the moment it has
-- a group or an assignee.
with handed as (
    select
        spans.ticket_id,
        min(spans.valid_from) as handed_over_at
    from int_field_spans as spans
    inner join int_tickets as tickets on spans.ticket_id = tickets.ticket_id
    where
        spans.field in ('group', 'assignee')
        and spans.value is not null
        and (tickets.is_from_messaging or tickets.is_ai_agent)
    group by spans.ticket_id
)

select
    handed.ticket_id,
    handed.handed_over_at,
    min(comments.occurred_at) as replied_at
from handed
left join int_comments as comments
    on
        handed.ticket_id = comments.ticket_id
        and comments.author_role = 'agent'
        and comments.is_public
        and not comments.is_opening
        and comments.occurred_at >= handed.handed_over_at
group by handed.ticket_id, handed.handed_over_at
