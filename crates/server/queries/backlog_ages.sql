-- Unsolved tickets by age.
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
),

classed as (
    select
        case
            when unsolved_age_minutes_calendar < 1440 then 1
            when unsolved_age_minutes_calendar < 4320 then 2
            when unsolved_age_minutes_calendar < 10080 then 3
            when unsolved_age_minutes_calendar < 20160 then 4
            when unsolved_age_minutes_calendar < 43200 then 5
            when unsolved_age_minutes_calendar < 129600 then 6
            else 7
        end as position
    from tickets
)

select
    classes.label,
    count(classed.position) as n_tickets
from (
    values
    (1, '< 1 d'),
    (2, '< 3 d'),
    (3, '< 7 d'),
    (4, '< 14 d'),
    (5, '< 30 d'),
    (6, '< 90 d'),
    (7, '90 d +')
) as classes (position, label)
left join classed on classes.position = classed.position
group by classes.position, classes.label
order by classes.position
