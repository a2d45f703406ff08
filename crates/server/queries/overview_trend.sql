-- The headline numbers by step of time.
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

created as (
    select
        cast(date_trunc($bucket, cast(created_at as timestamp)) as date) as step,
        count(*) as n_created
    from tickets
    where created_at >= $from and created_at < $to
    group by step
),

replied as (
    select
        cast(date_trunc($bucket, cast(first_replied_at as timestamp)) as date) as step,
        median(cast(first_reply_minutes_calendar as double))
            as first_reply_median
    from tickets
    where first_replied_at >= $from and first_replied_at < $to
    group by step
),

resolved as (
    select
        cast(date_trunc($bucket, cast(last_resolved_at as timestamp)) as date) as step,
        count(*) as n_resolved,
        median(cast(full_resolution_minutes_calendar as double))
            as resolution_median,
        avg(case when is_one_touch then 1.0 else 0.0 end) as one_touch_rate,
        avg(case when is_reopened then 1.0 else 0.0 end) as reopen_rate
    from tickets
    where last_resolved_at >= $from and last_resolved_at < $to
    group by step
),

decided as (
    select
        cast(cast(sla_targets.decided_at as timestamp) as date) as day,
        count(*) as n_decided,
        count(*) filter (where sla_targets.outcome_by_event = 'achieved') as n_achieved
    from sla_targets
    inner join tickets on sla_targets.ticket_id = tickets.ticket_id
    where
        sla_targets.outcome_by_event <> 'open'
        and sla_targets.decided_at >= $from
        and sla_targets.decided_at < $to
    group by day
),

sla as (
    select
        cast(date_trunc($bucket, day) as date) as step,
        cast(sum(n_achieved) as double) / sum(n_decided) as sla_rate
    from decided
    group by step
)

select
    sla.sla_rate,
    coalesce(created.step, resolved.step, replied.step) as step,
    created.n_created,
    resolved.n_resolved,
    replied.first_reply_median,
    resolved.resolution_median,
    resolved.one_touch_rate,
    resolved.reopen_rate
from created
full join resolved on created.step = resolved.step
full join replied on coalesce(created.step, resolved.step) = replied.step
left join sla on coalesce(created.step, resolved.step) = sla.step
order by step
