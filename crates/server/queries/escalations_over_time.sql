-- Moves and raises by step of time and kind.
with steps as (
    select *
    from escalations
    where
        ($group_id is null or coalesce(from_group_id, group_id) = $group_id)
        and ($priority is null or priority = $priority)
        and (
            $channel is null
            or ticket_id in (
                select ticket_metrics.ticket_id
                from ticket_metrics
                where ticket_metrics.channel = $channel
            )
        )
        and occurred_at >= $from
        and occurred_at < $to
)

select
    cast(date_trunc($bucket, cast(occurred_at as timestamp)) as date) as step,
    count(*) filter (where kind = 'tier_up') as n_tier_up,
    count(*) filter (where kind = 'priority_raise') as n_raise,
    count(*) filter (where kind in ('lateral_move', 'group_move')) as n_move,
    count(*) filter (where kind = 'tier_down') as n_tier_down
from steps
group by cast(date_trunc($bucket, cast(occurred_at as timestamp)) as date)
order by step
