-- Days on which something changed; between them the backlog stays as it was.
with changes as (
    select
        cast(valid_from as date) as backlog_date, group_id, priority,
        0 as n_opened, 0 as n_solved, 1 as net
    from backlog

    union all

    select
        cast(valid_to as date) as backlog_date, group_id, priority,
        0 as n_opened, 0 as n_solved, -1 as net
    from backlog
    where valid_to is not null

    union all

    select
        cast(created_at as date) as backlog_date, group_id, priority,
        1 as n_opened, 0 as n_solved, 0 as net
    from ticket_metrics

    union all

    select
        cast(transitions.occurred_at as date) as backlog_date,
        transitions.group_id, tickets.priority,
        0 as n_opened, 1 as n_solved, 0 as net
    from status_transitions as transitions
    inner join ticket_metrics as tickets
        on transitions.ticket_id = tickets.ticket_id
    where transitions.is_solve
),

days as (
    select
        backlog_date, group_id, priority,
        sum(n_opened) as n_opened,
        sum(n_solved) as n_solved,
        sum(net) as net
    from changes
    group by backlog_date, group_id, priority
)

select
    backlog_date, group_id, priority, n_opened, n_solved,
    sum(net) over (
        partition by group_id, priority order by backlog_date
    ) as n_open
from days
