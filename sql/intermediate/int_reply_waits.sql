-- The talk between requester and agents as turns: a wait opens with the first
-- public comment of the requester's side that is not answered yet, and ends
-- with the next public comment of an agent.
with spoken as (
    select
        ticket_id,
        event_id,
        child_event_id,
        author_role,
        occurred_at,
        lag(author_role) over (
            partition by ticket_id
            order by occurred_at, event_id, child_event_id
        ) as previous_role
    from int_comments
    where is_public and author_role in ('agent', 'end_user')
),

turns as (
    select
        ticket_id,
        author_role,
        occurred_at as waits_from,
        lead(occurred_at) over (
            partition by ticket_id
            order by occurred_at, event_id, child_event_id
        ) as replied_at
    from spoken
    where author_role is distinct from previous_role
)

select
    ticket_id,
    waits_from,
    replied_at,
    calendar_seconds(waits_from, replied_at) as wait_seconds_calendar
from turns
where author_role = 'end_user'
