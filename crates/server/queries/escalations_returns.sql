-- Pairs of groups between which tickets came back.
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
