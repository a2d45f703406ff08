-- DECISIONS.md#roles: the first version seen reaches back to the beginning.
with versions as (
    select
        agent_key,
        role in ('agent', 'admin') as is_agent,
        updated_at,
        lag(updated_at) over version_order as previous_at,
        lead(updated_at) over version_order as next_at
    from stg_zendesk__agents
    window version_order as (partition by agent_key order by updated_at)
)

select
    agent_key,
    is_agent,
    case when previous_at is not null then updated_at end as valid_from,
    next_at as valid_to
from versions
