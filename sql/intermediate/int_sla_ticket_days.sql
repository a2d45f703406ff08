-- DECISIONS.md#sla-rates: a policy, or a ticket, is achieved when all its
-- targets decided on that day are; one that is breached anywhere is breached.
with targets as (
    select
        *,
        cast(decided_at as date) as decided_date,
        outcome_by_event = 'breached' as is_breached,
        outcome_by_event = 'achieved' as is_achieved,
        outcome_by_event = 'breached' and fulfilled_at is null as is_late
    from sla_targets
    where not is_merged and decided_at >= $since
),

metrics as (
    select *, policy_metric as counted_metric from targets
    union all
    select *, 'all' as counted_metric from targets
),

policies as (
    select
        decided_date, counted_metric, group_id, ticket_id,
        sla_policy_id, group_sla_policy_key,
        count(*) filter (where is_achieved) as n_achieved,
        count(*) filter (where is_breached) as n_breached,
        count(*) filter (where is_late) as n_late,
        count(*) as n_targets,
        count(*) filter (where is_disputed) as n_disputed
    from metrics
    group by
        decided_date, counted_metric, group_id, ticket_id, sla_policy_id,
        group_sla_policy_key
)

select
    decided_date, counted_metric, group_id, ticket_id,
    sum(n_achieved) as n_achieved,
    sum(n_breached) as n_breached,
    sum(n_late) as n_late,
    sum(n_targets) as n_targets,
    sum(n_disputed) as n_disputed,
    count(*) filter (where n_achieved = n_targets) as policies_achieved,
    count(*) filter (where n_breached > 0) as policies_breached,
    count(*) filter (where n_late > 0) as policies_late,
    count(*) as policies
from policies
group by decided_date, counted_metric, group_id, ticket_id
