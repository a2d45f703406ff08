-- DECISIONS.md#sla-rates: a policy, or a ticket, is achieved when all its
-- targets decided on that day are; one that is breached anywhere is breached.
with targets as (
    select
        *,
        cast(decided_at as date) as decided_date,
        outcome_by_event = 'breached' as is_breached,
        outcome_by_event = 'achieved' as is_achieved,
        outcome_by_event is distinct from outcome_by_elapsed as is_disputed
    from sla_targets
    where not is_merged
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
        count(*) as n_targets,
        count(*) filter (where is_disputed) as n_disputed
    from metrics
    group by
        decided_date, counted_metric, group_id, ticket_id, sla_policy_id,
        group_sla_policy_key
),

tickets as (
    select
        decided_date, counted_metric, group_id, ticket_id,
        sum(n_achieved) as n_achieved,
        sum(n_breached) as n_breached,
        sum(n_targets) as n_targets,
        sum(n_disputed) as n_disputed,
        count(*) filter (where n_achieved = n_targets) as policies_achieved,
        count(*) filter (where n_breached > 0) as policies_breached,
        count(*) as policies
    from policies
    group by decided_date, counted_metric, group_id, ticket_id
),

counted as (
    select
        decided_date, counted_metric as policy_metric, group_id,
        sum(n_achieved) as targets_achieved,
        sum(n_breached) as targets_breached,
        sum(n_targets - n_achieved - n_breached) as targets_open,
        sum(policies_achieved) as policies_achieved,
        sum(policies_breached) as policies_breached,
        sum(policies - policies_achieved - policies_breached) as policies_open,
        count(*) filter (where n_achieved = n_targets) as tickets_achieved,
        count(*) filter (where n_breached > 0) as tickets_breached,
        count(*) filter (where n_breached = 0 and n_achieved < n_targets)
            as tickets_open,
        sum(n_disputed) as targets_disputed
    from tickets
    group by decided_date, counted_metric, group_id
)

select
    decided_date, policy_metric, group_id, targets_achieved, targets_breached,
    targets_open, policies_achieved, policies_breached, policies_open,
    tickets_achieved, tickets_breached, tickets_open, targets_disputed,
    1.0 * targets_achieved / nullif(targets_achieved + targets_breached, 0)
        as target_achieved_ratio,
    1.0 * policies_achieved / nullif(policies_achieved + policies_breached, 0)
        as policy_achieved_ratio,
    1.0 * tickets_achieved / nullif(tickets_achieved + tickets_breached, 0)
        as ticket_achieved_ratio
from counted
