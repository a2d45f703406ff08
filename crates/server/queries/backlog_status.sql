-- Unsolved tickets by status and priority at an instant.
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
    coalesce(status, 'not told') as status,
    count(*) filter (where priority = 'urgent') as n_urgent,
    count(*) filter (where priority = 'high') as n_high,
    count(*) filter (where priority = 'normal') as n_normal,
    count(*) filter (where priority = 'low') as n_low,
    count(*) filter (
        where priority is null or priority = 'other'
    ) as n_none
from tickets
group by coalesce(status, 'not told')
order by
    case coalesce(status, 'not told')
        when 'new' then 1
        when 'open' then 2
        when 'pending' then 3
        when 'hold' then 4
        else 5
    end
