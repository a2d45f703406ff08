-- Instants at which an agent, or nobody (NULL), got or lost unsolved tickets.
with changes as (
    select assignee_key, valid_from as changed_at, 1 as net
    from backlog

    union all

    select assignee_key, valid_to as changed_at, -1 as net
    from backlog
    where valid_to is not null
)

select
    assignee_key as agent_key,
    changed_at,
    sum(net) as net
from changes
group by assignee_key, changed_at
having sum(net) <> 0
