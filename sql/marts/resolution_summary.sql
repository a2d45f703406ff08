-- Merged and deleted tickets are left out: they look like instant resolutions.
-- Where an event is missing, the times may be others' (DECISIONS.md#openings).
with known as (
    select
        *,
        case when not has_history_gap then first_reply_minutes_calendar end
            as reply_calendar,
        case when not has_history_gap then first_reply_minutes_business end
            as reply_business,
        case when not has_history_gap then full_resolution_minutes_calendar end
            as resolution_calendar,
        case when not has_history_gap then full_resolution_minutes_business end
            as resolution_business
    from ticket_metrics
)

select
    cast(last_resolved_at as date) as resolved_date, group_id, priority,
    channel,
    count(*) as n_tickets,
    count(*) filter (where is_reopened) as n_reopened,
    count(*) filter (where is_one_touch) as n_one_touch,
    count(*) filter (where is_unreplied) as n_unreplied,
    median(reply_calendar) as first_reply_minutes_calendar_median,
    percentile_cont(reply_calendar, 0.9)
        as first_reply_minutes_calendar_p90,
    median(reply_business) as first_reply_minutes_business_median,
    percentile_cont(reply_business, 0.9)
        as first_reply_minutes_business_p90,
    median(resolution_calendar)
        as full_resolution_minutes_calendar_median,
    percentile_cont(resolution_calendar, 0.9)
        as full_resolution_minutes_calendar_p90,
    median(resolution_business)
        as full_resolution_minutes_business_median,
    percentile_cont(resolution_business, 0.9)
        as full_resolution_minutes_business_p90
from known
where
    is_solved and not is_merged and not is_deleted
    and (last_resolved_at is null or last_resolved_at >= $since)
group by cast(last_resolved_at as date), group_id, priority, channel
