-- Share of all assignments that each tenth of the agents got.
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
        count(*) as n_assigned
    from held
    where valid_from >= $from and valid_from < $to
    group by assignee_key
),

tenths as (
    select
        n_assigned,
        ntile(10) over (order by n_assigned desc, assignee_key) as tenth
    from agents
)

select
    concat(cast(tenth * 10 as varchar), ' %') as label,
    cast(sum(n_assigned) as double) / sum(sum(n_assigned)) over () as share,
    count(*) as n_agents
from tenths
group by tenth
order by tenth
