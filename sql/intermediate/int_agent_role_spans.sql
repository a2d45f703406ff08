-- DECISIONS.md#roles: the first version seen reaches back to the beginning. Who
-- was an agent before that is one until then; who ever held a ticket was one.
with versions as (
    select
        agent_key,
        role in ('agent', 'admin') as is_agent,
        updated_at,
        lag(updated_at) over version_order is null as is_first,
        lead(updated_at) over version_order as next_at
    from stg_zendesk__agents
    window version_order as (partition by agent_key order by updated_at)
)

select
    agent_key,
    is_agent,
    case when not (is_first and is_agent) then updated_at end as valid_from,
    next_at as valid_to
from versions

union all

select
    agent_key,
    true as is_agent,
    null as valid_from,
    updated_at as valid_to
from versions
where is_first and not is_agent

union all

select
    ever_assigned.agent_key,
    true as is_agent,
    null as valid_from,
    null as valid_to
from ever_assigned
left join versions on ever_assigned.agent_key = versions.agent_key
where versions.agent_key is null
