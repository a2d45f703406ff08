-- Pairs of groups between which tickets came back.
with steps as (
    select escalations.*
    from escalations
    inner join ticket_metrics
        on escalations.ticket_id = ticket_metrics.ticket_id
    where
        (
            $group_id is null
            or coalesce(escalations.from_group_id, escalations.group_id)
                = $group_id
        )
        and ($priority is null or escalations.priority = $priority)
        and ($channel is null or ticket_metrics.channel = $channel)
        and escalations.occurred_at >= $from
        and escalations.occurred_at < $to
)

select
    from_group_id,
    group_id,
    count(*) as n_steps,
    count(distinct ticket_id) as n_tickets
from steps
where is_return
group by from_group_id, group_id
order by n_steps desc, from_group_id, group_id
limit 30
