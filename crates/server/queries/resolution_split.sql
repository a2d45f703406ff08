-- Full resolution by step of time, for the five largest groups, priorities or channels.
with tickets as (
    select
        cast(date_trunc($bucket, cast(last_resolved_at as timestamp)) as date) as step,
        cast(full_resolution_minutes_calendar as double) as minutes,
        case $by
            when 'group' then cast(group_id as varchar)
            when 'channel' then channel
            else priority
        end as part
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
        and last_resolved_at >= $from
        and last_resolved_at < $to
        and full_resolution_minutes_calendar is not null
),

largest as (
    select
        part,
        count(*) as n_tickets
    from tickets
    where part is not null
    group by part
    order by n_tickets desc, part
    limit 5
)

select
    tickets.step,
    tickets.part,
    count(*) as n_tickets,
    median(tickets.minutes) as median,
    percentile_cont(0.9) within group (order by tickets.minutes) as p90
from tickets
inner join largest on tickets.part = largest.part
group by tickets.step, tickets.part
order by tickets.step, tickets.part
