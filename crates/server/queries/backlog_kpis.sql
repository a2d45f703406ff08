-- Headline numbers of the backlog at an instant.
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
    count(*) as n_unsolved,
    count(*) filter (where assignee_key is null) as n_unassigned,
    count(*) filter (
        where first_replied_at is null or first_replied_at > $at
    ) as n_unreplied,
    count(*) filter (where first_resolved_at <= $at) as n_reopened,
    count(*) filter (where age_minutes > 10080) as n_old,
    median(cast(age_minutes as double)) as age_median
from tickets
