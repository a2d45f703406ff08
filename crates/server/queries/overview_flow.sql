-- Tickets created and resolved by step of time.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
),

happened as (
    select
        cast(date_trunc($bucket, cast(created_at as timestamp)) as date) as step,
        1 as n_created,
        0 as n_resolved
    from tickets
    where created_at >= $from and created_at < $to

    union all

    select
        cast(date_trunc($bucket, cast(last_resolved_at as timestamp)) as date) as step,
        0 as n_created,
        1 as n_resolved
    from tickets
    where last_resolved_at >= $from and last_resolved_at < $to
)

select
    step,
    sum(n_created) as n_created,
    sum(n_resolved) as n_resolved
from happened
group by step
order by step
