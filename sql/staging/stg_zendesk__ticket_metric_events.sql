select
    metric_event_id,
    ticket_id,
    instance_id,
    sla_policy_id,
    group_sla_policy_key,
    metric,
    type,
    sla_target_seconds,
    status_minutes_calendar,
    status_minutes_business,
    is_sla_business_hours,
    is_deleted,
    occurred_at
from ticket_metric_events
