select
    events.metric_event_id, events.ticket_id, events.metric,
    events.instance_id, tickets.created_month, events.sla_policy_id,
    events.group_sla_policy_key, events.sla_target_seconds as target_seconds,
    events.is_sla_business_hours as is_business_hours,
    events.occurred_at as applied_at,
    lead(events.occurred_at) over (
        partition by events.ticket_id, events.metric, events.instance_id
        order by events.occurred_at, events.metric_event_id
    ) as replaced_at
from int_sla_events as events
inner join int_tickets as tickets on events.ticket_id = tickets.ticket_id
where events.type in ('apply_sla', 'apply_group_sla')
