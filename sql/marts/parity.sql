-- DECISIONS.md#parity: the first reason that applies.
with pairs as (
    select
        ticket_id, instance_id, metric, created_month, derived_value,
        zendesk_value, has_schedule, has_history_gap, is_deleted, is_merged,
        is_reopened_open, has_ended, is_stale, 'metric_set' as zendesk_source
    from int_parity_pairs

    union all

    select
        ticket_id, instance_id, metric, created_month, derived_value,
        zendesk_value, has_schedule, has_history_gap, is_deleted, is_merged,
        is_reopened_open, has_ended, false as is_stale,
        'update_status' as zendesk_source
    from int_parity_clocks
),

known as (
    select
        *,
        derived_value - zendesk_value as difference,
        metric like '%business' as is_business,
        metric in (
            'replies', 'reopens', 'assignee_stations', 'group_stations'
        ) as is_count,
        zendesk_source = 'update_status'
        or metric like '%wait%' or metric like 'on_hold%' as is_running_sum
    from pairs
    where derived_value is not null or zendesk_value is not null
)

select
    ticket_id, metric, instance_id, created_month, derived_value,
    zendesk_value, difference,
    case
        when difference = 0 then 'equal'
        when abs(difference) = 1 and not is_count then 'rounding'
        when is_business and not has_schedule then 'no_schedule'
        when has_history_gap then 'history_gap'
        when is_deleted then 'deleted'
        when is_merged then 'merged'
        when is_stale then 'stale_metric_set'
        when is_running_sum and not has_ended then 'not_ended'
        when derived_value is null then 'only_zendesk'
        when zendesk_value is null then 'only_derived'
        when metric in ('assignee_stations', 'group_stations')
            then 'stations_counted_otherwise'
        when metric in ('replies', 'reply_calendar', 'reply_business')
            then 'author_role'
        when is_reopened_open then 'reopened_open'
        when is_business then 'schedule'
        else 'unexplained'
    end as reason,
    zendesk_source
from known
