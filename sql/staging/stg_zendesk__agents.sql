select
    agent_key,
    default_group_id,
    custom_role_id,
    role_type,
    role,
    is_active,
    is_suspended,
    created_at,
    updated_at
from agents
