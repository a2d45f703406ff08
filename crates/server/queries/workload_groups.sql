-- How evenly each group spreads its assignments, month by month.
select
    assigned_month,
    group_id,
    max(n_agents) as n_agents,
    sum(n_assignments) as n_assignments,
    max(assignment_share) as share_max,
    max(gini) as gini,
    max(hhi) as hhi
from assignment_distribution
where
    ($group_id is null or group_id = $group_id)
    and assigned_month >= cast(date_trunc('month', $from) as date)
    and assigned_month < cast($to as date)
group by assigned_month, group_id
order by assigned_month desc, n_assignments desc, group_id
limit 60
