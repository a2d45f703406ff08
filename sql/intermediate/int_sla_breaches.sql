select
    ticket_id,
    metric,
    instance_id,
    min(occurred_at) filter (where type = 'breach') as breached_at,
    last_value(status_minutes_calendar order by occurred_at, metric_event_id)
        filter (where type = 'update_status') as zendesk_minutes_calendar,
    last_value(status_minutes_business order by occurred_at, metric_event_id)
        filter (where type = 'update_status') as zendesk_minutes_business
from int_sla_events
where type in ('breach', 'update_status')
group by ticket_id, metric, instance_id
