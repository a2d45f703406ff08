-- Full resolution by step of time.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
)

select
    cast(date_trunc($bucket, cast(last_resolved_at as timestamp)) as date) as step,
    count(*) as n_tickets,
    median(cast(full_resolution_minutes_calendar as double)) as median,
    percentile_cont(0.9) within group (
        order by cast(full_resolution_minutes_calendar as double)
    ) as p90
from tickets
where last_resolved_at >= $from and last_resolved_at < $to
group by step
order by step
