-- Days on which something changed; between them the backlog stays as it was.
-- What waited when `$since` came is no change of that day.
with changes as (
    select
        cast(greatest(valid_from, $since) as date) as backlog_date, group_id,
        priority, 0 as n_opened, 0 as n_solved, 1 as net,
        valid_from >= $since as is_change
    from backlog
    where valid_to is null or valid_to >= $since

    union all

    select
        cast(valid_to as date) as backlog_date, group_id, priority,
        0 as n_opened, 0 as n_solved, -1 as net, true as is_change
    from backlog
    where valid_to >= $since

    union all

    select
        cast(created_at as date) as backlog_date, group_id, priority,
        1 as n_opened, 0 as n_solved, 0 as net, true as is_change
    from ticket_metrics
    where created_at >= $since

    union all

    select
        cast(transitions.occurred_at as date) as backlog_date,
        transitions.group_id, tickets.priority,
        0 as n_opened, 1 as n_solved, 0 as net, true as is_change
    from status_transitions as transitions
    inner join ticket_metrics as tickets
        on transitions.ticket_id = tickets.ticket_id
    where transitions.is_solve and transitions.occurred_at >= $since
),

days as (
    select
        backlog_date, group_id, priority,
        sum(n_opened) as n_opened,
        sum(n_solved) as n_solved,
        sum(net) as net,
        bool_or(is_change) as is_change
    from changes
    group by backlog_date, group_id, priority
),

levels as (
    select
        *,
        sum(net) over (
            partition by group_id, priority order by backlog_date
        ) as n_open
    from days
)

select backlog_date, group_id, priority, n_opened, n_solved, n_open
from levels
where is_change
