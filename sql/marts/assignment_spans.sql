-- Every change of assignee starts a new state, so states lie within spans.
with held as (
    select
        spans.ticket_id,
        spans.value as assignee_key,
        spans.valid_from,
        spans.valid_to,
        min(states.group_id) as group_id,
        sum(
            calendar_seconds(
                states.valid_from, coalesce(states.valid_to, $as_of)
            )
        ) filter (where states.status not in ('solved', 'closed', 'deleted'))
            as unsolved_seconds_calendar,
        sum(
            business_seconds(
                states.valid_from,
                coalesce(states.valid_to, $as_of),
                states.schedule
            )
        ) filter (where states.status not in ('solved', 'closed', 'deleted'))
            as unsolved_seconds_business
    from int_field_spans as spans
    inner join int_ticket_states as states
        on
            spans.ticket_id = states.ticket_id
            and spans.value = states.assignee_key
            and states.valid_from >= spans.valid_from
            and (
                spans.valid_to is null or states.valid_from < spans.valid_to
            )
    where spans.field = 'assignee' and spans.value is not null
    group by spans.ticket_id, spans.value, spans.valid_from, spans.valid_to
)

select
    held.ticket_id,
    row_number() over (
        partition by held.ticket_id order by held.valid_from
    ) as span_number,
    tickets.created_month, held.assignee_key, held.group_id,
    to_minutes(calendar_seconds(held.valid_from, held.valid_to))
        as held_minutes_calendar,
    to_minutes(coalesce(held.unsolved_seconds_calendar, 0))
        as unsolved_minutes_calendar,
    to_minutes(held.unsolved_seconds_business) as unsolved_minutes_business,
    held.valid_to is null as is_current, held.valid_from, held.valid_to
from held
inner join int_tickets as tickets on held.ticket_id = tickets.ticket_id
