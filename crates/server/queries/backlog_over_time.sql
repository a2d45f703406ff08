-- Unsolved tickets at the end of each step, out of the spans of the backlog.
with spans as (
    select
        valid_from,
        valid_to
    from backlog
    where
        ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
),

moves as (
    select
        cast(cast(valid_from as timestamp) as date) as day,
        1 as change
    from spans
    where valid_from < $to

    union all

    select
        cast(cast(valid_to as timestamp) as date) as day,
        -1 as change
    from spans
    where valid_to < $to
),

by_day as (
    select
        day,
        sum(change) as change
    from moves
    group by day
),

summed as (
    select
        cast(date_trunc($bucket, day) as date) as step,
        sum(change) as change
    from by_day
    group by step
),

totals as (
    select
        step,
        sum(change) over (order by step) as n_unsolved
    from summed
)

select
    step,
    n_unsolved
from totals
where step >= cast($from as date)
order by step
