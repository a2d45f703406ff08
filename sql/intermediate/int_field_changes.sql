-- First values and changes of the fields that metrics follow, in order.
with changes as (
    select
        ticket_id,
        event_id,
        child_event_id,
        updater_key,
        field,
        kind,
        via,
        value,
        previous_value,
        is_system,
        occurred_at,
        row_number() over field_order as position,
        lag(value) over field_order as known_value,
        lead(occurred_at) over field_order as next_at
    from stg_zendesk__ticket_events
    where
        field in (
            'status', 'priority', 'group', 'assignee', 'brand', 'ticket_form'
        )
        and occurred_at <= $as_of
    window
        field_order as (
            partition by ticket_id, field
            order by occurred_at, event_id, child_event_id
        )
)

select
    ticket_id,
    event_id,
    child_event_id,
    updater_key,
    field,
    kind,
    via,
    value,
    previous_value,
    position,
    is_system,
    previous_value is distinct from known_value as is_after_gap,
    occurred_at,
    next_at
from changes
