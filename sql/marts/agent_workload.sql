-- DECISIONS.md#workload
with levels as (
    select
        agent_key, work_date, n_open,
        sum(seconds) as seconds,
        bool_or(is_last) as is_last
    from int_agent_loads
    group by agent_key, work_date, n_open
),

ranked as (
    select
        *,
        sum(seconds) over (
            partition by agent_key, work_date
        ) as seconds_of_day,
        sum(seconds) over (
            partition by agent_key, work_date order by n_open
        ) as seconds_at_most
    from levels
),

loads as (
    select
        agent_key,
        work_date,
        max(n_open) filter (where is_last) as n_open,
        coalesce(max(n_open) filter (where seconds > 0), 0) as n_open_max,
        coalesce(
            min(n_open) filter (
                where seconds > 0 and seconds_at_most >= 0.95 * seconds_of_day
            ),
            0
        ) as n_open_p95,
        sum(n_open * seconds) as held_seconds
    from ranked
    group by agent_key, work_date
)

select
    days.agent_key, days.work_date, days.n_assigned, days.n_solved,
    days.n_reopened, days.n_replies, days.n_internal_comments, loads.n_open,
    loads.n_open_max, loads.n_open_p95,
    to_minutes(loads.held_seconds) as held_minutes_calendar
from int_agent_days as days
inner join loads
    on
        (days.agent_key is not distinct from loads.agent_key)
        and days.work_date = loads.work_date
