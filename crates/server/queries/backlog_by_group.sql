-- Unsolved tickets by group.
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
    group_id,
    count(*) as n_tickets,
    count(*) filter (where assignee_key is null) as n_unassigned,
    count(*) filter (where unsolved_age_minutes_calendar > 10080) as n_old,
    median(cast(unsolved_age_minutes_calendar as double)) as age_median
from tickets
group by group_id
order by n_tickets desc, group_id
limit 50
