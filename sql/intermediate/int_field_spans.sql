-- DECISIONS.md#openings: a history that starts with a change tells the value
-- before it, which held since creation. Event id 0 sorts before every event.
with openings as (
    select
        int_field_changes.ticket_id,
        int_field_changes.field,
        int_field_changes.previous_value as value,
        cast(null as varchar) as previous_value,
        int_tickets.created_at as valid_from,
        int_field_changes.occurred_at as valid_to
    from int_field_changes
    inner join int_tickets
        on int_field_changes.ticket_id = int_tickets.ticket_id
    where
        int_field_changes.position = 1
        and int_field_changes.kind = 'change'
)

select
    ticket_id,
    event_id,
    child_event_id,
    field,
    value,
    previous_value,
    occurred_at as valid_from,
    next_at as valid_to
from int_field_changes

union all

select
    ticket_id,
    0 as event_id,
    0 as child_event_id,
    field,
    value,
    previous_value,
    valid_from,
    valid_to
from openings
