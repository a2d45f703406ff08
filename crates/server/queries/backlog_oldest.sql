-- The unsolved tickets that have waited longest.
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
    ticket_id,
    status,
    coalesce(priority, 'none') as priority,
    group_id,
    unsolved_age_minutes_calendar as age_minutes,
    idle_minutes_calendar as idle_minutes
from tickets
order by age_minutes desc, ticket_id
limit 20
