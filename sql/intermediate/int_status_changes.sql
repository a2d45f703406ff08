-- DECISIONS.md#solves-and-reopens
select
    ticket_id,
    event_id,
    child_event_id,
    updater_key,
    via,
    previous_value as from_status,
    value as to_status,
    position,
    is_system,
    is_after_gap,
    value = 'solved'
    and previous_value is distinct from 'solved' as is_solve,
    coalesce(
        previous_value = 'solved'
        and value not in ('solved', 'closed', 'deleted'),
        false
    ) as is_reopen,
    occurred_at,
    next_at
from int_field_changes
where field = 'status'
