-- Headline numbers of data quality.
with compared as (
    select
        count(*) as n_compared,
        avg(case when reason in ('equal', 'rounding') then 1.0 else 0.0 end)
            as parity_rate
    from parity
),

coverage as (
    select
        count(*) filter (where is_missing) as n_missing,
        sum(coalesce(n_tickets_with_gap, 0)) as n_gaps,
        sum(n_rows) as n_rows
    from data_coverage
)

select *
from compared
cross join coverage
