-- SLA outcomes by group.
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
)

select
    group_id,
    count(*) as n_decided,
    count(*) filter (where outcome_by_event = 'breached') as n_breached,
    cast(count(*) - count(*) filter (where outcome_by_event = 'breached') as double)
        / count(*) as achieved
from targets
where
    outcome_by_event <> 'open'
    and decided_at >= $from
    and decided_at < $to
group by group_id
order by n_decided desc, group_id
limit 50
