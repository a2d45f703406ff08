-- DECISIONS.md#parity: a set tells nothing of what came after the ticket's row
-- that brought it.
select
    derived.ticket_id,
    0 as instance_id,
    derived.created_month,
    derived.is_merged,
    derived.is_deleted,
    derived.is_reopened_open,
    derived.has_history_gap,
    derived.schedule is not null as has_schedule,
    derived.is_solved as has_ended,
    unnest([
        'replies', 'reopens', 'assignee_stations', 'group_stations',
        'reply_calendar', 'reply_business',
        'first_resolution_calendar', 'first_resolution_business',
        'full_resolution_calendar', 'full_resolution_business',
        'requester_wait_calendar', 'requester_wait_business',
        'agent_wait_calendar', 'agent_wait_business',
        'on_hold_calendar', 'on_hold_business'
    ]) as metric,
    unnest([
        derived.n_replies, derived.n_reopens, derived.n_assignee_stations,
        derived.n_group_stations, derived.first_reply_minutes_calendar,
        derived.first_reply_minutes_business,
        derived.first_resolution_minutes_calendar,
        derived.first_resolution_minutes_business,
        derived.full_resolution_minutes_calendar,
        derived.full_resolution_minutes_business,
        derived.requester_wait_minutes_calendar,
        derived.requester_wait_minutes_business,
        derived.agent_wait_minutes_calendar,
        derived.agent_wait_minutes_business,
        derived.on_hold_minutes_calendar, derived.on_hold_minutes_business
    ]) as derived_value,
    unnest([
        theirs.replies, theirs.reopens, theirs.assignee_stations,
        theirs.group_stations, theirs.reply_minutes_calendar,
        theirs.reply_minutes_business,
        theirs.first_resolution_minutes_calendar,
        theirs.first_resolution_minutes_business,
        theirs.full_resolution_minutes_calendar,
        theirs.full_resolution_minutes_business,
        theirs.requester_wait_minutes_calendar,
        theirs.requester_wait_minutes_business,
        theirs.agent_wait_minutes_calendar,
        theirs.agent_wait_minutes_business,
        theirs.on_hold_minutes_calendar, theirs.on_hold_minutes_business
    ]) as zendesk_value,
    coalesce(unnest([
        replies.last_replied_at, derived.status_changed_at,
        derived.last_assigned_at, stations.last_grouped_at,
        derived.first_replied_at, derived.first_replied_at,
        derived.first_resolved_at, derived.first_resolved_at,
        derived.last_resolved_at, derived.last_resolved_at,
        derived.status_changed_at, derived.status_changed_at,
        derived.status_changed_at, derived.status_changed_at,
        derived.status_changed_at, derived.status_changed_at
    ]) > theirs.generated_at, false) as is_stale
from ticket_metrics as derived
inner join stg_zendesk__ticket_metric_sets as theirs
    on derived.ticket_id = theirs.ticket_id
left join int_ticket_replies as replies
    on derived.ticket_id = replies.ticket_id
left join int_ticket_stations as stations
    on derived.ticket_id = stations.ticket_id
where theirs.generated_at <= $as_of
