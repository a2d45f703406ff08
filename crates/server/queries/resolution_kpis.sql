-- Reply and resolution times of a period.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
),

replied as (
    select
        median(cast(first_reply_minutes_calendar as double))
            as first_reply_median,
        percentile_cont(0.9) within group (
            order by cast(first_reply_minutes_calendar as double)
        ) as first_reply_p90,
        median(cast(first_reply_minutes_business as double))
            as first_reply_business_median
    from tickets
    where first_replied_at >= $from and first_replied_at < $to
),

resolved as (
    select
        median(cast(full_resolution_minutes_calendar as double))
            as resolution_median,
        percentile_cont(0.9) within group (
            order by cast(full_resolution_minutes_calendar as double)
        ) as resolution_p90,
        median(cast(full_resolution_minutes_business as double))
            as resolution_business_median,
        median(cast(requester_wait_minutes_calendar as double))
            as requester_wait_median,
        median(cast(agent_wait_minutes_calendar as double))
            as agent_wait_median
    from tickets
    where last_resolved_at >= $from and last_resolved_at < $to
)

select *
from replied
cross join resolved
