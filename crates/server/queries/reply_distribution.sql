-- First reply by class of duration.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
),

classed as (
    select
        case
            when first_reply_minutes_calendar < 15 then 1
            when first_reply_minutes_calendar < 60 then 2
            when first_reply_minutes_calendar < 240 then 3
            when first_reply_minutes_calendar < 480 then 4
            when first_reply_minutes_calendar < 1440 then 5
            when first_reply_minutes_calendar < 4320 then 6
            when first_reply_minutes_calendar < 10080 then 7
            when first_reply_minutes_calendar < 43200 then 8
            else 9
        end as position
    from tickets
    where
        first_replied_at >= $from
        and first_replied_at < $to
        and first_reply_minutes_calendar is not null
)

select
    classes.label,
    count(classed.position) as n_tickets
from (
    values
    (1, '< 15 m'),
    (2, '< 1 h'),
    (3, '< 4 h'),
    (4, '< 8 h'),
    (5, '< 1 d'),
    (6, '< 3 d'),
    (7, '< 7 d'),
    (8, '< 30 d'),
    (9, '30 d +')
) as classes (position, label)
left join classed on classes.position = classed.position
group by classes.position, classes.label
order by classes.position
