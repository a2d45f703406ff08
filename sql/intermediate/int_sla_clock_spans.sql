-- A later activate opens a fulfilled clock again: fulfil is not always final.
select
    ticket_id,
    metric,
    instance_id,
    metric_event_id,
    type,
    occurred_at as valid_from,
    lead(occurred_at) over (
        partition by ticket_id, metric, instance_id
        order by occurred_at, metric_event_id
    ) as valid_to
from int_sla_events
where type in ('activate', 'pause', 'fulfill')
