select
    ticket_id,
    metric,
    instance_id,
    min(occurred_at) filter (where type = 'breach') as breached_at,
    max(status_minutes_calendar) as zendesk_minutes_calendar,
    max(status_minutes_business) as zendesk_minutes_business
from int_sla_events
where type in ('breach', 'update_status')
group by ticket_id, metric, instance_id
