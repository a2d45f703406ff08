-- SLA targets achieved and breached by step of time.
with targets as (
    select sla_targets.*
    from sla_targets
    inner join ticket_metrics
        on sla_targets.ticket_id = ticket_metrics.ticket_id
    where
        not sla_targets.is_merged
        and not sla_targets.is_deleted
        and ($group_id is null or sla_targets.group_id = $group_id)
        and ($priority is null or sla_targets.priority = $priority)
        and ($channel is null or ticket_metrics.channel = $channel)
)

select
    cast(date_trunc($bucket, decided_at) as date) as step,
    count(*) filter (where outcome_by_event = 'achieved') as n_achieved,
    count(*) filter (where outcome_by_event = 'breached') as n_breached
from targets
where
    outcome_by_event <> 'open'
    and decided_at >= $from
    and decided_at < $to
group by step
order by step
