with versions as (
    select
        *,
        coalesce(is_active, true) as is_there,
        row_number() over (
            partition by agent_key order by updated_at desc
        ) as recency
    from stg_zendesk__agents
    where updated_at <= $as_of
)

select
    role,
    count(*) filter (where is_there) as n_users,
    count(*) filter (where is_there and is_suspended) as n_suspended,
    count(*) filter (where not is_there) as n_deleted,
    count(*) filter (where is_there and role_type = 1) as n_light
from versions
where recency = 1
group by role
