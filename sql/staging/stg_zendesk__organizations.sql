select
    organization_key,
    created_at,
    updated_at,
    deleted_at
from organizations
