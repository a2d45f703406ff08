with metrics as (
    select
        policy_metric,
        sum(targets_achieved) as n_achieved,
        sum(targets_breached) as n_breached
    from sla_compliance
    group by policy_metric
)

select
    300 + row_number() over (order by policy_metric) as position,
    'sla' as section,
    'achieved' as kpi,
    policy_metric as subject,
    cast(100.0 * n_achieved / nullif(n_achieved + n_breached, 0) as double)
        as value,
    'percent' as unit
from metrics
