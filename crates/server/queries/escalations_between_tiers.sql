-- Moves from tier to tier.
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
    concat(
        'Tier ', cast(from_tier as varchar), ' → tier ', cast(to_tier as varchar)
    ) as move,
    from_tier,
    to_tier,
    count(*) as n_steps,
    count(distinct ticket_id) as n_tickets,
    median(cast(since_created_minutes_calendar as double))
        as since_created_median,
    median(cast(to_resolution_minutes_calendar as double))
        as to_resolution_median
from steps
where from_tier is not null and to_tier is not null
group by from_tier, to_tier
order by n_steps desc, from_tier, to_tier
