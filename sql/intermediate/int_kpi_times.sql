-- DECISIONS.md#merged, #openings: merged tickets are no resolutions, and where
-- an event is missing, so may be a reply or a solve.
select
    unnest([
        201, 202, 203, 204, 205, 206, 207, 208
    ]) as position,
    unnest([
        'times', 'times', 'times', 'times', 'times', 'times', 'times', 'times'
    ]) as section,
    unnest([
        'first reply, median, calendar time', 'first reply, p90, calendar time',
        'first reply, median, business time', 'first reply, p90, business time',
        'full resolution, median, calendar time',
        'full resolution, p90, calendar time',
        'full resolution, median, business time',
        'full resolution, p90, business time'
    ]) as kpi,
    cast(null as varchar) as subject,
    unnest([
        cast(median(first_reply_minutes_calendar) as double),
        cast(percentile_cont(first_reply_minutes_calendar, 0.9) as double),
        cast(median(first_reply_minutes_business) as double),
        cast(percentile_cont(first_reply_minutes_business, 0.9) as double),
        cast(median(full_resolution_minutes_calendar) as double),
        cast(percentile_cont(full_resolution_minutes_calendar, 0.9) as double),
        cast(median(full_resolution_minutes_business) as double),
        cast(percentile_cont(full_resolution_minutes_business, 0.9) as double)
    ]) as value,
    unnest([
        'minutes', 'minutes', 'minutes', 'minutes', 'minutes', 'minutes',
        'minutes', 'minutes'
    ]) as unit
from ticket_metrics
where not is_deleted and not is_merged and not has_history_gap
