-- SLA outcomes by policy.
with targets as (
    select *
    from sla_targets
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and (
            $channel is null
            or ticket_id in (
                select ticket_metrics.ticket_id
                from ticket_metrics
                where ticket_metrics.channel = $channel
            )
        )
),

decided as (
    select
        sla_policy_id,
        case when sla_policy_id is null then group_sla_policy_key end as group_policy,
        count(*) as n_decided,
        count(*) filter (where outcome_by_event = 'breached') as n_breached,
        median(cast(target_seconds as double)) / 60 as target_minutes,
        median(cast(elapsed_seconds as double)) / 60 as elapsed_minutes
    from targets
    where
        outcome_by_event <> 'open'
        and decided_at >= $from
        and decided_at < $to
    group by sla_policy_id, group_policy
)

select
    coalesce(cast(sla_policy_id as varchar), group_policy) as policy,
    n_decided,
    n_breached,
    cast(n_decided - n_breached as double) / n_decided as achieved,
    target_minutes,
    elapsed_minutes
from decided
order by n_decided desc, policy
limit 50
