-- DECISIONS.md#sla-target: the last target put on before the end counts, in
-- order of time and event; a target of NULL takes the SLA off.
with ends as (
    select
        ticket_id,
        metric,
        instance_id,
        type as clock,
        case when type = 'fulfill' then valid_from end as fulfilled_at,
        case when type = 'fulfill' then metric_event_id end as fulfilled_id
    from int_sla_clock_spans
    where valid_to is null
),

targets as (
    select
        events.*,
        ends.clock,
        ends.fulfilled_at,
        row_number() over newest_first as recency,
        count(events.sla_target_seconds) over (
            partition by events.ticket_id, events.metric, events.instance_id
        ) as n_targets
    from int_sla_events as events
    inner join ends
        on
            events.ticket_id = ends.ticket_id
            and events.metric = ends.metric
            and events.instance_id = ends.instance_id
    where
        events.type in ('apply_sla', 'apply_group_sla')
        and (
            ends.fulfilled_at is null
            or events.occurred_at < ends.fulfilled_at
            or (
                events.occurred_at = ends.fulfilled_at
                and events.metric_event_id < ends.fulfilled_id
            )
        )
    window
        newest_first as (
            partition by events.ticket_id, events.metric, events.instance_id
            order by events.occurred_at desc, events.metric_event_id desc
        )
)

select
    ticket_id,
    metric,
    instance_id,
    sla_policy_id,
    group_sla_policy_key,
    clock,
    sla_target_seconds as target_seconds,
    n_targets,
    coalesce(is_sla_business_hours, false) as is_business_hours,
    occurred_at as applied_at,
    fulfilled_at
from targets
where recency = 1 and sla_target_seconds is not null
