-- DECISIONS.md#sla-states and DECISIONS.md#sla-instant
select
    outcomes.ticket_id, outcomes.metric, outcomes.instance_id,
    tickets.created_month, outcomes.sla_policy_id,
    outcomes.group_sla_policy_key,
    case when openings.has_other_group then openings.group_id
        else outcomes.group_id
    end as group_id,
    case when openings.has_other_assignee then openings.assignee_key
        else outcomes.assignee_key
    end as assignee_key,
    case
        when outcomes.metric = 'reply_time' and outcomes.instance_id = 1
            then 'first_reply_time'
        when outcomes.metric = 'reply_time' then 'next_reply_time'
        when outcomes.metric = 'resolution_time' then 'total_resolution_time'
        else outcomes.metric
    end as policy_metric,
    case when openings.has_other_priority then openings.priority
        else outcomes.priority
    end as priority,
    outcomes.schedule, outcomes.state,
    outcomes.outcome_by_event, outcomes.outcome_by_elapsed,
    outcomes.target_seconds, outcomes.elapsed_seconds,
    outcomes.seconds_calendar, outcomes.seconds_business,
    outcomes.zendesk_minutes_calendar, outcomes.zendesk_minutes_business,
    case
        when outcomes.fulfilled_at is null
            then to_minutes(calendar_seconds($as_of, outcomes.due_at))
    end as to_due_minutes_calendar,
    outcomes.n_targets, outcomes.is_business_hours,
    coalesce(outcomes.outcome_by_event <> outcomes.outcome_by_elapsed, false)
        as is_disputed,
    tickets.is_deleted, tickets.is_merged, outcomes.started_at,
    outcomes.applied_at, outcomes.due_at, outcomes.breached_at,
    outcomes.fulfilled_at,
    coalesce(outcomes.breached_at, outcomes.fulfilled_at, $as_of) as decided_at
from int_sla_outcomes as outcomes
inner join int_tickets as tickets on outcomes.ticket_id = tickets.ticket_id
left join int_sla_openings as openings
    on
        outcomes.ticket_id = openings.ticket_id
        and outcomes.metric = openings.metric
        and outcomes.instance_id = openings.instance_id
