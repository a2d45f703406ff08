with breached_before as (
    select
        steps.child_event_id,
        count(*) as n_breaches
    from int_escalation_steps as steps
    inner join int_sla_events as breaches
        on
            steps.ticket_id = breaches.ticket_id
            and breaches.type = 'breach'
            and calendar_seconds(breaches.occurred_at, steps.occurred_at)
            between 1 and 3600
    group by steps.child_event_id
)

select
    steps.child_event_id, steps.ticket_id, steps.step_number,
    tickets.created_month, states.assignee_key,
    case when steps.field = 'group' then cast(steps.previous_value as bigint)
    end as from_group_id,
    case when steps.field = 'group' then cast(steps.value as bigint)
        else states.group_id
    end as group_id,
    steps.kind,
    case when steps.field = 'priority' then steps.previous_value
    end as from_priority,
    case when steps.field = 'priority' then steps.value
        else states.priority
    end as priority,
    steps.via, steps.labels_added, steps.from_tier, steps.to_tier,
    to_minutes(calendar_seconds(tickets.created_at, steps.occurred_at))
        as since_created_minutes_calendar,
    case
        when resolutions.last_resolved_at >= steps.occurred_at
            then to_minutes(
                calendar_seconds(
                    steps.occurred_at, resolutions.last_resolved_at
                )
            )
    end as to_resolution_minutes_calendar,
    steps.is_escalation, steps.is_return, steps.is_by_system,
    breached_before.n_breaches is not null as is_after_breach,
    steps.occurred_at
from int_escalation_steps as steps
inner join int_tickets as tickets on steps.ticket_id = tickets.ticket_id
inner join int_ticket_resolutions as resolutions
    on steps.ticket_id = resolutions.ticket_id
left join int_ticket_states as states
    on
        steps.ticket_id = states.ticket_id
        and steps.occurred_at >= states.valid_from
        and (states.valid_to is null or steps.occurred_at < states.valid_to)
left join breached_before
    on steps.child_event_id = breached_before.child_event_id
