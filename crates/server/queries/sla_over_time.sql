-- SLA targets achieved and breached by step of time.
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

by_day as (
    select
        cast(cast(decided_at as timestamp) as date) as day,
        count(*) as n_decided,
        count(*) filter (where outcome_by_event = 'breached') as n_breached
    from targets
    where
        outcome_by_event <> 'open'
        and decided_at >= $from
        and decided_at < $to
    group by day
)

select
    cast(date_trunc($bucket, day) as date) as step,
    sum(n_decided) as n_decided,
    sum(n_decided) - sum(n_breached) as n_achieved,
    sum(n_breached) as n_breached,
    cast(sum(n_decided) - sum(n_breached) as double) / sum(n_decided) as achieved
from by_day
group by step
order by step
