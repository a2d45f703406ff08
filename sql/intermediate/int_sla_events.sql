-- Zendesk takes an event back by marking it deleted; measure carries no timing.
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
    occurred_at
from stg_zendesk__ticket_metric_events
where
    not is_deleted
    and instance_id > 0
    and metric <> 'other'
    and type not in ('measure', 'other')
    and occurred_at <= $as_of
