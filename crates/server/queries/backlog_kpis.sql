-- Headline numbers of the backlog.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and not is_solved
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
)

select
    count(*) as n_unsolved,
    count(*) filter (where assignee_key is null) as n_unassigned,
    count(*) filter (where is_unreplied) as n_unreplied,
    count(*) filter (where is_reopened) as n_reopened,
    median(cast(unsolved_age_minutes_calendar as double)) as age_median,
    median(cast(idle_minutes_calendar as double)) as idle_median
from tickets
