-- DECISIONS.md#schedules: a wait counts under the schedule on the ticket until
-- the reply that ended it.
select
    waits.ticket_id,
    row_number() over (
        partition by waits.ticket_id order by waits.waits_from
    ) as wait_number,
    tickets.created_month, states.group_id, states.assignee_key,
    to_minutes(waits.wait_seconds_calendar) as wait_minutes_calendar,
    to_minutes(
        business_seconds(waits.waits_from, waits.replied_at, states.schedule)
    ) as wait_minutes_business,
    waits.waits_from = tickets.created_at as is_first_question,
    waits.replied_at is null as is_waiting,
    waits.waits_from as waited_from, waits.replied_at
from int_reply_waits as waits
inner join int_tickets as tickets on waits.ticket_id = tickets.ticket_id
left join int_ticket_states as states
    on
        waits.ticket_id = states.ticket_id
        and states.valid_from < coalesce(waits.replied_at, $as_of)
        and (
            states.valid_to is null
            or coalesce(waits.replied_at, $as_of) <= states.valid_to
        )
