-- DECISIONS.md#schedules: a wait counts under the schedule on the ticket until
-- the reply that ended it; one that lasts belongs to who holds the ticket.
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
    row_number() over (
        partition by waits.ticket_id order by waits.waits_from
    ) = 1
    and calendar_seconds(tickets.created_at, waits.waits_from) <= 1
        as is_first_question,
    waits.replied_at is null as is_waiting,
    waits.waits_from as waited_from, waits.replied_at
from int_reply_waits as waits
inner join int_tickets as tickets on waits.ticket_id = tickets.ticket_id
left join int_ticket_states as states
    on
        waits.ticket_id = states.ticket_id
        and (
            states.valid_to is null
            or waits.replied_at <= states.valid_to
        )
        and (
            waits.replied_at > states.valid_from
            or states.is_first
            or (waits.replied_at is null and states.valid_to is null)
        )
