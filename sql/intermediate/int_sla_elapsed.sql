-- DECISIONS.md#sla-elapsed: a clock's whole life counts under one schedule.
with running_totals as (
    select
        *,
        target_seconds - sum(
            case
                when is_business_hours then seconds_business
                else seconds_calendar
            end
        ) over (
            partition by ticket_id, metric, instance_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as left_after,
        case when is_business_hours then seconds_business else seconds_calendar
        end as seconds
    from int_sla_runs
),

due as (
    select
        *,
        case
            when is_business_hours
                then business_due(valid_from, left_after + seconds, schedule)
            else calendar_due(valid_from, left_after + seconds)
        end as due_at
    from running_totals
)

select
    ticket_id,
    metric,
    instance_id,
    sum(seconds_calendar) as seconds_calendar,
    sum(seconds_business) as seconds_business,
    min(valid_from) as started_at,
    min(due_at) filter (
        where
            left_after + seconds >= 0
            and (
                left_after <= 0 or valid_to is null or valid_to = fulfilled_at
            )
    ) as due_at
from due
group by ticket_id, metric, instance_id
