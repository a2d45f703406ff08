-- What has been collected, and up to when.
select
    table_name,
    n_rows,
    is_missing,
    n_tickets_with_gap,
    age_minutes,
    first_at,
    last_at
from data_coverage
order by table_name
