-- Headline numbers of escalations.
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

firsts as (
    select
        count(*) as n_tickets,
        median(cast(minutes as double)) as first_median
    from first_steps
),

counted as (
    select
        count(*) filter (where is_escalation) as n_escalations,
        count(*) filter (where kind <> 'priority_raise') as n_moves,
        count(*) filter (where is_return) as n_returns,
        count(*) filter (where is_escalation and is_after_breach)
            as n_after_breach
    from steps
)

select *
from firsts
cross join counted
