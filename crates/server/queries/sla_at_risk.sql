-- Running SLA targets in the order in which they are due.
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
    ticket_id,
    policy_metric,
    group_id,
    coalesce(priority, 'none') as priority,
    state,
    due_at,
    cast(
        extract(epoch from due_at) - extract(epoch from $as_of) as double
    ) / 60 as minutes_left
from targets
where
    fulfilled_at is null
    and state in ('active', 'breached_active')
    and due_at is not null
    and due_at < $as_of + interval '24 hours'
order by
    case when due_at >= $as_of then 0 else 1 end,
    case when due_at >= $as_of then due_at end,
    due_at desc,
    ticket_id,
    policy_metric
limit 50
