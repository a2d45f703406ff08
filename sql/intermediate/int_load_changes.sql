-- Instants at which an agent, or nobody (NULL), got or lost unsolved tickets.
-- What was held when `$since` came is got then, and is no change of that day.
with changes as (
    select assignee_key, valid_from as changed_at, 1 as net
    from backlog
    where valid_to is null or valid_to >= $since

    union all

    select assignee_key, valid_to as changed_at, -1 as net
    from backlog
    where valid_to >= $since
),

sums as (
    select
        assignee_key as agent_key,
        greatest(changed_at, $since) as changed_at,
        sum(net) as net,
        coalesce(sum(net) filter (where changed_at >= $since), 0) as net_since
    from changes
    group by assignee_key, greatest(changed_at, $since)
)

select agent_key, changed_at, net, net_since <> 0 as is_change
from sums
where net <> 0 or net_since <> 0
