-- Headline numbers of a period.
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
    select count(*) as n_created
    from tickets
    where created_at >= $from and created_at < $to
),

replied as (
    select
        cast(median(cast(first_reply_minutes_calendar as double)) as double)
            as first_reply_median
    from tickets
    where first_replied_at >= $from and first_replied_at < $to
),

resolved as (
    select
        count(*) as n_resolved,
        median(cast(full_resolution_minutes_calendar as double))
            as resolution_median,
        avg(case when is_one_touch then 1.0 else 0.0 end) as one_touch_rate,
        avg(case when is_reopened then 1.0 else 0.0 end) as reopen_rate
    from tickets
    where last_resolved_at >= $from and last_resolved_at < $to
),

sla as (
    select
        avg(case when sla_targets.outcome_by_event = 'achieved' then 1.0 else 0.0 end)
            as sla_rate
    from sla_targets
    inner join tickets on sla_targets.ticket_id = tickets.ticket_id
    where
        sla_targets.outcome_by_event <> 'open'
        and sla_targets.decided_at >= $from
        and sla_targets.decided_at < $to
),

unsolved as (
    select count(*) as n_backlog
    from tickets
    where not is_solved
)

select
    sla.sla_rate,
    created.n_created,
    resolved.n_resolved,
    replied.first_reply_median,
    resolved.resolution_median,
    resolved.one_touch_rate,
    resolved.reopen_rate,
    unsolved.n_backlog
from created
cross join replied
cross join resolved
cross join sla
cross join unsolved
