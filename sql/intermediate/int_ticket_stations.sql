-- DECISIONS.md#stations: every assignment counts, also a return, and what held
-- since creation (DECISIONS.md#openings).
with taken as (
    select
        ticket_id,
        field = 'assignee' as is_assignee,
        field = 'group' as is_group,
        value,
        previous_value,
        row_number() over (
            partition by ticket_id, field, value
            order by valid_from, event_id, child_event_id
        ) = 1 as is_first_visit,
        row_number() over (
            partition by ticket_id, field
            order by valid_from, event_id, child_event_id
        ) as position,
        valid_from as occurred_at,
        valid_to as next_at
    from int_field_spans
    where
        field in ('assignee', 'group')
        and value is distinct from previous_value
)

select
    ticket_id,
    count(value) filter (where is_assignee) as n_assignee_stations,
    count(value) filter (where is_group) as n_group_stations,
    count(value) filter (where is_assignee and is_first_visit) as n_assignees,
    count(value) filter (where is_group and is_first_visit) as n_groups,
    count(value) filter (where is_assignee and previous_value is not null)
        as n_reassignments,
    count(value) filter (where is_group and previous_value is not null)
        as n_group_moves,
    first_value(value order by position)
        filter (where is_assignee and value is not null) as first_assignee_key,
    last_value(value order by position)
        filter (where is_assignee and value is not null) as last_assignee_key,
    min(occurred_at) filter (where is_assignee and value is not null)
        as first_assigned_at,
    max(occurred_at) filter (where is_assignee and value is not null)
        as last_assigned_at,
    max(occurred_at) filter (where is_group and value is not null)
        as last_grouped_at,
    sum(calendar_seconds(occurred_at, next_at))
        filter (where is_assignee and value is null) as seconds_unassigned_again
from taken
group by ticket_id
