with streams as (
    select
        'tickets' as table_name,
        count(*) as n_rows,
        min(created_at) as first_at,
        max(generated_at) as last_at
    from stg_zendesk__tickets

    union all

    select
        'ticket_metric_sets' as table_name,
        count(*) as n_rows,
        min(created_at) as first_at,
        max(generated_at) as last_at
    from stg_zendesk__ticket_metric_sets

    union all

    select
        'ticket_events' as table_name,
        count(*) as n_rows,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from stg_zendesk__ticket_events

    union all

    select
        'ticket_metric_events' as table_name,
        count(*) as n_rows,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from stg_zendesk__ticket_metric_events

    union all

    select
        'agents' as table_name,
        count(*) as n_rows,
        min(updated_at) as first_at,
        max(updated_at) as last_at
    from stg_zendesk__agents

    union all

    select
        'organizations' as table_name,
        count(*) as n_rows,
        min(updated_at) as first_at,
        max(updated_at) as last_at
    from stg_zendesk__organizations
),

tickets as (
    select
        count(*) as n_tickets,
        count(*) filter (where has_history_gap) as n_with_gap
    from ticket_metrics
)

select
    streams.table_name, streams.n_rows,
    case when streams.table_name = 'ticket_events' then tickets.n_with_gap
    end as n_tickets_with_gap,
    to_minutes(calendar_seconds(streams.last_at, $as_of)) as age_minutes,
    streams.n_rows = 0 as is_missing, streams.first_at, streams.last_at,
    $as_of as as_of
from streams
cross join tickets
