-- Headline numbers of the workload.
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

agents as (
    select
        assignee_key,
        count(*) filter (where valid_from >= $from and valid_from < $to)
            as n_assigned,
        count(*) filter (where is_current and not is_solved) as n_open
    from held
    group by assignee_key
),

busy as (
    select
        n_assigned,
        n_open,
        row_number() over (order by n_assigned, assignee_key) as rank
    from agents
    where n_assigned > 0
)

select
    count(*) as n_agents,
    median(cast(n_assigned as double)) as assigned_median,
    max(n_assigned) as assigned_max,
    median(cast(n_open as double)) as open_median,
    2.0 * sum(cast(rank as double) * n_assigned)
        / (count(*) * sum(cast(n_assigned as double)))
        - (count(*) + 1.0) / count(*) as gini
from busy
