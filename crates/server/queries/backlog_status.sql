-- Unsolved tickets by status and priority.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and not is_solved
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
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
