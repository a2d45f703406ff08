-- Reply and resolution times by priority.
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
    coalesce(priority, 'none') as priority,
    count(*) as n_tickets,
    median(cast(first_reply_minutes_calendar as double))
        as first_reply_median,
    median(cast(full_resolution_minutes_calendar as double))
        as resolution_median,
    percentile_cont(0.9) within group (
        order by cast(full_resolution_minutes_calendar as double)
    ) as resolution_p90,
    avg(case when is_reopened then 1.0 else 0.0 end) as reopen_rate
from tickets
where last_resolved_at >= $from and last_resolved_at < $to
group by coalesce(priority, 'none')
order by
    case coalesce(priority, 'none')
        when 'urgent' then 1
        when 'high' then 2
        when 'normal' then 3
        when 'low' then 4
        else 5
    end
