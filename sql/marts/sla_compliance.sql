-- DECISIONS.md#sla-rates
with counted as (
    select
        decided_date, counted_metric as policy_metric, group_id,
        sum(n_achieved) as targets_achieved,
        sum(n_breached) as targets_breached,
        sum(n_targets - n_achieved - n_breached) as targets_open,
        sum(n_late) as targets_breached_open,
        sum(policies_achieved) as policies_achieved,
        sum(policies_breached) as policies_breached,
        sum(policies - policies_achieved - policies_breached) as policies_open,
        sum(policies_late) as policies_breached_open,
        count(*) filter (where n_achieved = n_targets) as tickets_achieved,
        count(*) filter (where n_breached > 0) as tickets_breached,
        count(*) filter (where n_breached = 0 and n_achieved < n_targets)
            as tickets_open,
        count(*) filter (where n_late > 0) as tickets_breached_open,
        sum(n_disputed) as targets_disputed
    from int_sla_ticket_days
    group by decided_date, counted_metric, group_id
)

select
    decided_date, policy_metric, group_id, targets_achieved, targets_breached,
    targets_open, targets_breached_open, policies_achieved, policies_breached,
    policies_open, policies_breached_open, tickets_achieved, tickets_breached,
    tickets_open, tickets_breached_open, targets_disputed,
    1.0 * targets_achieved / nullif(targets_achieved + targets_breached, 0)
        as target_achieved_ratio,
    1.0 * policies_achieved / nullif(policies_achieved + policies_breached, 0)
        as policy_achieved_ratio,
    1.0 * tickets_achieved / nullif(tickets_achieved + tickets_breached, 0)
        as ticket_achieved_ratio
from counted
