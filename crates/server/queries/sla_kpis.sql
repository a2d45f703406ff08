-- SLA outcomes of a period, and what is open now.
with targets as (
    select *
    from sla_targets
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and (
            $channel is null
            or ticket_id in (
                select ticket_metrics.ticket_id
                from ticket_metrics
                where ticket_metrics.channel = $channel
            )
        )
),

by_ticket as (
    select
        ticket_id,
        count(*) as n_decided,
        count(*) filter (where outcome_by_event = 'breached') as n_breached
    from targets
    where
        outcome_by_event <> 'open'
        and decided_at >= $from
        and decided_at < $to
    group by ticket_id
),

decided as (
    select
        coalesce(sum(n_decided), 0) as n_decided,
        coalesce(sum(n_breached), 0) as n_breached,
        cast(sum(n_decided) - sum(n_breached) as double) / sum(n_decided)
            as target_rate,
        avg(case when n_breached = 0 then 1.0 else 0.0 end) as ticket_rate
    from by_ticket
),

running as (
    select
        count(*) filter (where state in ('active', 'paused')) as n_running,
        count(*) filter (
            where state in ('breached_active', 'breached_paused')
        ) as n_breached_open,
        count(*) filter (
            where
                state = 'active'
                and due_at >= $as_of
                and due_at < $as_of + interval '2 hours'
        ) as n_at_risk
    from targets
    where fulfilled_at is null
)

select *
from decided
cross join running
