-- DECISIONS.md#distribution: shares of assignments in a month and group. HHI is
-- the sum of squared shares; Gini 0 means that all who got any got the same.
with agents as (
    select
        date_trunc('month', valid_from) as month_start,
        group_id,
        assignee_key as agent_key,
        count(*) as n_assignments,
        count(distinct ticket_id) as n_tickets,
        sum(unsolved_minutes_calendar) as unsolved_minutes_calendar,
        sum(unsolved_minutes_business) as unsolved_minutes_business
    from assignment_spans
    where valid_from >= $since
    group by date_trunc('month', valid_from), group_id, assignee_key
),

ranked as (
    select
        *,
        sum(n_assignments) over (partition by month_start, group_id) as n_all,
        count(*) over (partition by month_start, group_id) as n_agents,
        row_number() over (
            partition by month_start, group_id
            order by n_assignments, agent_key
        ) as poorest_first
    from agents
)

select
    cast(month_start as date) as assigned_month, group_id, agent_key,
    n_assignments, n_tickets, unsolved_minutes_calendar,
    unsolved_minutes_business, n_agents,
    1.0 * n_assignments / n_all as assignment_share,
    sum(1.0 * n_assignments * n_assignments / (n_all * n_all)) over (
        partition by month_start, group_id
    ) as hhi,
    sum(
        (2.0 * poorest_first - n_agents - 1) * n_assignments / n_agents / n_all
    ) over (partition by month_start, group_id) as gini
from ranked
