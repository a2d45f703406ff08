with agents as (
    select
        agent_key,
        sum(n_solved) as n_solved
    from agent_workload
    where agent_key is not null
    group by agent_key
),

ranked as (
    select
        agent_key,
        n_solved,
        row_number() over (order by n_solved desc, agent_key) as position
    from agents
    where n_solved > 0
)

select
    400 + position as position,
    'busiest agents' as section,
    'solved' as kpi,
    agent_key as subject,
    cast(n_solved as double) as value,
    'tickets' as unit
from ranked
where position <= 5
