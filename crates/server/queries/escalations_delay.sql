-- Tickets by the time to their first escalation.
with steps as (
    select *
    from escalations
    where
        ($group_id is null or coalesce(from_group_id, group_id) = $group_id)
        and ($priority is null or priority = $priority)
        and (
            $channel is null
            or ticket_id in (
                select ticket_metrics.ticket_id
                from ticket_metrics
                where ticket_metrics.channel = $channel
            )
        )
        and occurred_at >= $from
        and occurred_at < $to
),

first_steps as (
    select
        ticket_id,
        min(since_created_minutes_calendar) as minutes
    from steps
    where is_escalation
    group by ticket_id
),

classed as (
    select
        case
            when minutes < 60 then 1
            when minutes < 240 then 2
            when minutes < 480 then 3
            when minutes < 1440 then 4
            when minutes < 4320 then 5
            when minutes < 10080 then 6
            else 7
        end as position
    from first_steps
)

select
    classes.label,
    count(classed.position) as n_tickets
from (
    values
    (1, '< 1 h'),
    (2, '< 4 h'),
    (3, '< 8 h'),
    (4, '< 1 d'),
    (5, '< 3 d'),
    (6, '< 7 d'),
    (7, '7 d +')
) as classes (position, label)
left join classed on classes.position = classed.position
group by classes.position, classes.label
order by classes.position
