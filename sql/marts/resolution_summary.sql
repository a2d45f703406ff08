-- Merged and deleted tickets are left out: they look like instant resolutions.
select
    cast(last_resolved_at as date) as resolved_date, group_id, priority,
    channel,
    count(*) as n_tickets,
    count(*) filter (where is_reopened) as n_reopened,
    count(*) filter (where is_one_touch) as n_one_touch,
    count(*) filter (where is_unreplied) as n_unreplied,
    median(first_reply_minutes_calendar) as first_reply_minutes_calendar_median,
    percentile_cont(first_reply_minutes_calendar, 0.9)
        as first_reply_minutes_calendar_p90,
    median(first_reply_minutes_business) as first_reply_minutes_business_median,
    percentile_cont(first_reply_minutes_business, 0.9)
        as first_reply_minutes_business_p90,
    median(full_resolution_minutes_calendar)
        as full_resolution_minutes_calendar_median,
    percentile_cont(full_resolution_minutes_calendar, 0.9)
        as full_resolution_minutes_calendar_p90,
    median(full_resolution_minutes_business)
        as full_resolution_minutes_business_median,
    percentile_cont(full_resolution_minutes_business, 0.9)
        as full_resolution_minutes_business_p90
from ticket_metrics
where
    is_solved and not is_merged and not is_deleted
    and (last_resolved_at is null or last_resolved_at >= $since)
group by cast(last_resolved_at as date), group_id, priority, channel
