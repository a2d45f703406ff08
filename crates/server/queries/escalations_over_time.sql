-- Moves and raises by step of time and kind.
with steps as (
    select escalations.*
    from escalations
    inner join ticket_metrics
        on escalations.ticket_id = ticket_metrics.ticket_id
    where
        (
            $group_id is null
            or coalesce(escalations.from_group_id, escalations.group_id)
                = $group_id
        )
        and ($priority is null or escalations.priority = $priority)
        and ($channel is null or ticket_metrics.channel = $channel)
        and escalations.occurred_at >= $from
        and escalations.occurred_at < $to
)

select
    cast(date_trunc($bucket, occurred_at) as date) as step,
    count(*) filter (where kind = 'tier_up') as n_tier_up,
    count(*) filter (where kind = 'priority_raise') as n_raise,
    count(*) filter (where kind in ('lateral_move', 'group_move')) as n_move,
    count(*) filter (where kind = 'tier_down') as n_tier_down
from steps
group by cast(date_trunc($bucket, occurred_at) as date)
order by step
