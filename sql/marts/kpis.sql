with all_kpis as (
    select * from int_kpi_tickets
    union all
    select * from int_kpi_times
    union all
    select * from int_kpi_sla
    union all
    select * from int_kpi_agents
)

select
    cast(position as bigint) as position, section, kpi, subject,
    value, unit
from all_kpis
