-- Our numbers against Zendesk's own, by metric.
select
    metric,
    count(*) as n_tickets,
    avg(case when reason = 'equal' then 1.0 else 0.0 end) as equal,
    avg(case when reason in ('equal', 'rounding') then 1.0 else 0.0 end)
        as agrees,
    count(*) filter (where reason not in ('equal', 'rounding')) as n_differ
from parity
group by metric
order by n_differ desc, metric
