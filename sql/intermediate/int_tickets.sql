-- DECISIONS.md#as-of: what was created after the watermark does not exist yet,
-- and a row that is newer than the watermark does not tell what was before it.
with tickets as (
    select
        *,
        generated_at <= $as_of as is_current
    from stg_zendesk__tickets
    where created_at <= $as_of
)

select
    ticket_id,
    organization_key,
    case when is_current then assignee_key end as assignee_key,
    case when is_current then group_id end as group_id,
    brand_id,
    ticket_form_id,
    created_month,
    case when is_current then status end as status,
    case when is_current then priority end as priority,
    case when is_current then custom_status_id end as custom_status_id,
    ticket_type,
    channel,
    case when is_current then labels end as labels,
    is_from_messaging,
    coalesce(support_type = 'ai_agent', false) as is_ai_agent,
    is_closed_by_merge and is_current as is_merged,
    status = 'deleted' and is_current as is_deleted,
    created_at,
    least(updated_at, $as_of) as updated_at
from tickets
