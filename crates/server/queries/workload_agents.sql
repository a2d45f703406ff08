-- Work of each agent in the period.
with held as (
    select
        assignment_spans.*,
        ticket_metrics.is_solved
    from assignment_spans
    inner join ticket_metrics
        on assignment_spans.ticket_id = ticket_metrics.ticket_id
    where
        not ticket_metrics.is_merged
        and not ticket_metrics.is_deleted
        and ($group_id is null or assignment_spans.group_id = $group_id)
        and ($priority is null or ticket_metrics.priority = $priority)
        and ($channel is null or ticket_metrics.channel = $channel)
),

counted as (
    select
        assignee_key,
        count(*) filter (where valid_from >= $from and valid_from < $to)
            as n_assigned,
        count(*) filter (where is_current and not is_solved) as n_open,
        sum(unsolved_minutes_calendar) filter (
            where valid_from >= $from and valid_from < $to
        ) as held_minutes
    from held
    group by assignee_key
),

resolved as (
    select
        assignee_key,
        count(*) as n_resolved,
        median(cast(full_resolution_minutes_calendar as double))
            as resolution_median
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
        and last_resolved_at >= $from
        and last_resolved_at < $to
    group by assignee_key
)

select
    counted.assignee_key as agent_key,
    counted.n_assigned,
    counted.n_open,
    coalesce(resolved.n_resolved, 0) as n_resolved,
    resolved.resolution_median,
    cast(counted.n_assigned as double)
        / nullif(sum(counted.n_assigned) over (), 0) as share
from counted
left join resolved on counted.assignee_key = resolved.assignee_key
where counted.n_assigned > 0 or counted.n_open > 0
order by counted.n_assigned desc, agent_key
limit 200
