select
    cast(occurred_at as date) as escalated_date,
    coalesce(from_group_id, group_id) as group_id,
    kind,
    count(*) as n_steps,
    count(distinct ticket_id) as n_tickets,
    count(*) filter (where is_escalation) as n_escalations,
    count(*) filter (where is_return) as n_returns,
    count(*) filter (where is_by_system) as n_by_system,
    count(*) filter (where is_after_breach) as n_after_breach,
    median(since_created_minutes_calendar)
        as since_created_minutes_calendar_median,
    median(to_resolution_minutes_calendar)
        as to_resolution_minutes_calendar_median
from escalations
where occurred_at >= $since
group by cast(occurred_at as date), coalesce(from_group_id, group_id), kind
