-- DECISIONS.md#parity: Zendesk writes what a clock has counted, in minutes cut
-- off, when the clock ends or its target is passed.
select
    targets.ticket_id,
    targets.instance_id,
    targets.created_month,
    targets.is_merged,
    targets.is_deleted,
    false as is_reopened_open,
    tickets.has_history_gap,
    targets.schedule is not null as has_schedule,
    targets.fulfilled_at is not null as has_ended,
    unnest([
        'sla_' || targets.policy_metric || '_calendar',
        'sla_' || targets.policy_metric || '_business'
    ]) as metric,
    unnest([
        targets.seconds_calendar / 60, targets.seconds_business / 60
    ]) as derived_value,
    unnest([
        targets.zendesk_minutes_calendar, targets.zendesk_minutes_business
    ]) as zendesk_value
from sla_targets as targets
inner join ticket_metrics as tickets
    on targets.ticket_id = tickets.ticket_id
where
    targets.fulfilled_at is not null
    or targets.zendesk_minutes_calendar is not null
