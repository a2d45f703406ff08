-- Each day of an agent cut where the load changes; a load of no length does not
-- count. A day ends at midnight UTC, the last one at the watermark.
with cuts as (
    select agent_key, changed_at, net, cast(changed_at as date) as work_date
    from int_load_changes

    union all

    select
        agent_key,
        arrow_cast(work_date, 'Timestamp(Microsecond, Some("UTC"))')
            as changed_at,
        0 as net,
        work_date
    from int_agent_days
),

pieces as (
    select
        agent_key,
        work_date,
        changed_at as valid_from,
        sum(net) over changes as n_open,
        lead(work_date) over changes as next_date,
        lead(changed_at) over changes as next_at
    from cuts
    window changes as (partition by agent_key order by changed_at, net)
)

select
    agent_key,
    work_date,
    n_open,
    next_date is distinct from work_date as is_last,
    calendar_seconds(
        valid_from,
        case
            when next_date = work_date then next_at
            else
                least(
                    arrow_cast(
                        work_date + interval '1 day',
                        'Timestamp(Microsecond, Some("UTC"))'
                    ),
                    $as_of
                )
        end
    ) as seconds
from pieces
