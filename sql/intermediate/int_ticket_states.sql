-- An empty text stands for a cleared value until the end; a field without any
-- event never changed, so the ticket's own row tells it.
with inputs as (
    select
        ticket_id,
        field,
        coalesce(value, '') as value,
        event_id,
        child_event_id,
        valid_from
    from int_field_spans

    union all

    select
        ticket_id,
        'ticket' as field, '' as value,
        -1 as event_id,
        -1 as child_event_id,
        created_at as valid_from
    from int_tickets
),

filled as (
    select
        ticket_id,
        valid_from,
        lead(valid_from) over changes as valid_to,
        first_value(valid_from) over changes as first_from,
        fill_down(case field when 'status' then value end) over changes
            as status,
        fill_down(case field when 'priority' then value end) over changes
            as priority,
        fill_down(case field when 'group' then value end) over changes
            as group_id,
        fill_down(case field when 'assignee' then value end) over changes
            as assignee_key,
        fill_down(case field when 'brand' then value end) over changes
            as brand_id,
        fill_down(case field when 'ticket_form' then value end) over changes
            as ticket_form_id
    from inputs
    window
        changes as (
            partition by ticket_id
            order by valid_from, event_id, child_event_id
        )
),

resolved as (
    select
        filled.ticket_id, filled.status, filled.valid_from, filled.valid_to,
        filled.valid_from = filled.first_from as is_first,
        coalesce(filled.priority, int_tickets.priority) as priority,
        coalesce(filled.assignee_key, int_tickets.assignee_key) as assignee_key,
        coalesce(
            cast(nullif(filled.group_id, '') as bigint),
            case when filled.group_id is null then int_tickets.group_id end
        ) as group_id,
        coalesce(
            cast(nullif(filled.brand_id, '') as bigint),
            case when filled.brand_id is null then int_tickets.brand_id end
        ) as brand_id,
        coalesce(
            cast(nullif(filled.ticket_form_id, '') as bigint),
            case when filled.ticket_form_id is null
                then int_tickets.ticket_form_id
            end
        ) as ticket_form_id
    from filled
    inner join int_tickets on filled.ticket_id = int_tickets.ticket_id
    where filled.valid_to is null or filled.valid_to > filled.valid_from
)

select
    ticket_id, valid_from, valid_to, is_first, group_id, brand_id,
    ticket_form_id, nullif(assignee_key, '') as assignee_key,
    nullif(status, '') as status, nullif(priority, '') as priority,
    ticket_schedule(group_id, brand_id, ticket_form_id) as schedule
from resolved
