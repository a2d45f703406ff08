-- Steps by the group that was left, or that held the raised ticket.
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
    coalesce(from_group_id, group_id) as group_id,
    count(*) as n_steps,
    count(distinct ticket_id) as n_tickets,
    count(*) filter (where is_escalation) as n_escalations,
    count(*) filter (where is_return) as n_returns,
    median(cast(since_created_minutes_calendar as double))
        as since_created_median
from steps
group by coalesce(from_group_id, group_id)
order by n_escalations desc, group_id
limit 50
