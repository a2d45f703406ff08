-- Unsolved tickets by age at an instant.
with tickets as (
    select
        backlog.*,
        ticket_metrics.created_at,
        ticket_metrics.first_replied_at,
        ticket_metrics.first_resolved_at,
        (extract(epoch from $at) - extract(epoch from ticket_metrics.created_at))
            / 60 as age_minutes
    from backlog
    inner join ticket_metrics on backlog.ticket_id = ticket_metrics.ticket_id
    where
        not ticket_metrics.is_merged
        and not ticket_metrics.is_deleted
        and backlog.valid_from <= $at
        and (backlog.valid_to is null or backlog.valid_to > $at)
        and ($group_id is null or backlog.group_id = $group_id)
        and ($priority is null or backlog.priority = $priority)
        and ($channel is null or backlog.channel = $channel)
),

classed as (
    select
        case
            when age_minutes < 1440 then 1
            when age_minutes < 4320 then 2
            when age_minutes < 10080 then 3
            when age_minutes < 20160 then 4
            when age_minutes < 43200 then 5
            when age_minutes < 129600 then 6
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
