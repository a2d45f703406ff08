-- The tickets that have been unsolved longest at an instant.
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
)

select
    ticket_id,
    status,
    coalesce(priority, 'none') as priority,
    group_id,
    age_minutes,
    (extract(epoch from $at) - extract(epoch from valid_from)) / 60
        as unchanged_minutes
from tickets
order by age_minutes desc, ticket_id
limit 20
