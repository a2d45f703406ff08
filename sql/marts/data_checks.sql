-- Made when all other marts are made and checked, and published in any case.
select
    model_name,
    check_name,
    severity,
    case
        when n_violations = 0 then 'passed'
        when severity = 'warn' then 'warned'
        else 'failed'
    end as outcome,
    n_rows,
    n_violations,
    is_published,
    $as_of as as_of
from check_results
